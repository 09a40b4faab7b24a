"""One process of the product, assembled: resources, actor, periodic work, and a worker if this process delivers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext

import httpx
import structlog
from dramatiq.broker import Broker

from app.clock import Clock
from app.contacts.courier import Courier
from app.contacts.messenger import Messenger
from app.database.database import dialect_of
from app.database.errors import DatabaseUnavailable
from app.database.migrate import migrate
from app.open_files import may_open_many
from app.resources import Resources, open_resources
from app.settings import Settings
from tasks.actors import declare_deliver
from tasks.broker import make_broker
from tasks.embedded import end_other_leases, sole_server
from tasks.in_process import InProcessBroker
from tasks.periodic import Signal, chores, heartbeat, messages, running
from tasks.worker import running_worker

log = structlog.get_logger()

# Files besides the requests to receivers: clients, the database, the broker, the process's own.
SPARE_FILES = 500
CLOSING_SECONDS = 1.0


@asynccontextmanager
async def open_process(
    settings: Settings,
    *,
    works: bool,
    migrates: bool = False,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Resources]:
    """Open a process: with `works` it delivers; without it, it only takes requests and wakes others.

    With `migrates`, an SQLite file is first brought to this version's tables.

    Raises:
        SchemaOutdated: the database lacks migrations.
        DatabaseUnavailable: the database does not answer.
        AlreadyRunning: another server works on the same SQLite file.
    """
    broker = make_broker(settings.broker_url)
    consuming = running_worker(broker) if works and not isinstance(broker, InProcessBroker) else nullcontext()
    opening = open_resources_for(settings, broker, works=works, migrates=migrates, clock=clock, transport=transport)
    async with opening as resources, consuming:
        yield resources


@asynccontextmanager
async def open_resources_for(
    settings: Settings,
    broker: Broker,
    *,
    works: bool,
    migrates: bool = False,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[Resources]:
    """Open the resources and the periodic work of a process, without a consumer of the broker's messages.

    Raises the errors of `open_process`.
    """
    _may_open(settings.max_in_flight if works else 0)
    opened: list[Resources] = []
    loop = asyncio.get_running_loop()

    def ask(webhook_ids: list[str]) -> None:
        if works:
            loop.call_soon_threadsafe(opened[0].pipeline.ask, webhook_ids)

    deliver = declare_deliver(broker, ask)
    async with AsyncExitStack() as stack:
        if works:
            await stack.enter_async_context(sole_server(settings.database_url, _seconds_to_end(settings)))
        if migrates and dialect_of(settings.database_url) == "sqlite":
            # Not before a server that is about to end has ended, because it relies on the old tables.
            await migrate(settings.database_url)
        resources = await stack.enter_async_context(
            open_resources(
                settings,
                send_wake_up=deliver.send,
                broker_blocks=not isinstance(broker, InProcessBroker),
                delivers_alone=works and dialect_of(settings.database_url) == "sqlite",
                clock=clock,
                transport=transport,
            )
        )
        opened.append(resources)
        if works:
            await end_other_leases(resources)
        stack.push_async_callback(_mend_at_the_end, resources)
        # The lease is kept until nothing is in flight: a stop may take longer than a lease lasts.
        await stack.enter_async_context(running([heartbeat(resources)]))
        stack.push_async_callback(resources.pipeline.stop, settings.shutdown_seconds)
        messages_wait = Signal()
        if works:
            messenger = _messenger(resources)
            stack.push_async_callback(messenger.stop, settings.shutdown_seconds)
            await stack.enter_async_context(running(messages(messenger, messages_wait.wanted)))
        await stack.enter_async_context(running(chores(resources, works=works, messages_wait=messages_wait.give)))
        yield resources


def _messenger(resources: Resources) -> Messenger:
    courier = Courier.of(resources.settings, resources.clock, resources.cipher, resources.sender)
    count = resources.metrics.told_contact
    return Messenger(resources.database, resources.clock, resources.lease, courier, count)


async def _mend_at_the_end(resources: Resources) -> None:
    """Mend what a step of the clock would delay that no sweep has seen: the next process does not know of it."""
    try:
        await resources.timekeeper.look()
        await resources.timekeeper.mend()
    except DatabaseUnavailable as error:
        log.warning("clock.not_mended", error=str(error))


def _seconds_to_end(settings: Settings) -> float:
    """How long a server takes to end: it waits for its requests, then for its messages and deliveries, then closes."""
    return 3 * settings.shutdown_seconds + CLOSING_SECONDS


def _may_open(requests: int) -> None:
    """Log a warning if this process cannot open enough files for this many simultaneous requests."""
    limit, needed = may_open_many(), requests + SPARE_FILES
    if limit < needed:
        hint = "Raise the hard limit of open files (ulimit -Hn), or set MAX_IN_FLIGHT lower."
        log.warning("process.few_files", limit=limit, needed=needed, hint=hint)
