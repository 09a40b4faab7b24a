"""One process of the product, assembled: resources, broker, actor, periodic work, and a worker where this process
delivers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from dramatiq.broker import Broker

from app.clock import Clock
from app.database.migrate import require_current_schema
from app.resources import Resources, open_resources
from app.settings import Settings
from tasks.actors import declare_deliver
from tasks.broker import make_broker
from tasks.embedded import end_other_leases, sole_server
from tasks.in_process import InProcessBroker
from tasks.periodic import chores, running
from tasks.worker import running_worker


@asynccontextmanager
async def open_process(
    settings: Settings,
    *,
    works: bool,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    broker: Broker | None = None,
) -> AsyncIterator[Resources]:
    """Open a process: with `works` it delivers, without it only takes requests and wakes others.

    Raises:
        SchemaOutdated: the database lacks migrations.
        DatabaseUnavailable: the database does not answer.
        AlreadyRunning: another server works on the same SQLite file.
    """
    broker = broker or make_broker(settings.broker_url)
    in_process = isinstance(broker, InProcessBroker)
    opened: list[Resources] = []
    deliver = declare_deliver(broker, lambda: opened[0].pipeline)
    async with AsyncExitStack() as stack:
        if works:
            await stack.enter_async_context(sole_server(settings.database_url))
        resources = await stack.enter_async_context(
            open_resources(
                settings,
                send_wake_up=deliver.send,
                broker_blocks=not in_process,
                clock=clock,
                transport=transport,
            )
        )
        await require_current_schema(resources.database)
        opened.append(resources)
        if works:
            await end_other_leases(resources)
            worker = running_worker(broker, polls=not in_process, threads=settings.worker_threads)
            await stack.enter_async_context(worker)
        await stack.enter_async_context(running(chores(resources, works=works)))
        yield resources
