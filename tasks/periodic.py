"""The periodic work of every process: renew its lease, sweep, continue operations, rotate due secrets, publish alerts,
send messages to contacts, count finished periods, prune, empty bodies that are kept no longer, remove deleted
workspaces, record when keys were used, and end streams of revoked keys.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from app.access.open_streams import CHECK_SECONDS
from app.alerts.watch import watch
from app.contacts.messenger import Messenger
from app.database.errors import DatabaseUnavailable
from app.delivery.expired_bodies import ExpiredBodies
from app.operations.run import run_due_operations
from app.resources import Resources
from app.retention.prune import Retention
from app.retention.workspaces import remove_deleted_workspaces
from app.stats.periods import ClosedPeriods
from app.supervision import supervised
from app.sweep import sweep
from app.webhooks.deleted import cancel_deliveries_of_deleted
from app.webhooks.rotation import rotate_due_secrets
from app.webhooks.status_reason import StatusReasons
from app.webhooks.unreadable_selection import tell_unreadable_selections

log = structlog.get_logger()

SECRETS_EVERY_SECONDS = 60.0
KEYS_EVERY_SECONDS = 30.0
DELETED_EVERY_SECONDS = 60.0
WORKSPACES_EVERY_SECONDS = 30.0
STATISTICS_EVERY_SECONDS = 60.0
ALERTS_EVERY_SECONDS = 10.0
# Rows are kept for days.
RETENTION_EVERY_SECONDS = 300.0
BODIES_EVERY_SECONDS = 60.0
MESSAGES_FORGOTTEN_EVERY_SECONDS = 60.0
# The part of a chore's interval that it rests.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.9, 1.1


async def always() -> None:
    """Waits for nothing: the chore is done at its interval."""


def ignore() -> None:
    """No-op callback."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Periodic work, with its interval in seconds. Each round waits until the work is `wanted`."""

    name: str
    every_seconds: float
    do: Callable[[], Awaitable[object]]
    wanted: Callable[[], Awaitable[object]] = always


class Signal:
    """Work that another chore has found: `wanted` returns once it was given, and takes it."""

    def __init__(self) -> None:
        self._given = asyncio.Event()

    def give(self) -> None:
        """Have the work done."""
        self._given.set()

    async def wanted(self) -> None:
        """Wait until the work is to be done."""
        await self._given.wait()
        self._given.clear()


def heartbeat(resources: Resources) -> Chore:
    """The chore that renews the lease. Every process has it, because those that do not deliver send pings."""
    return Chore(
        "heartbeat", resources.settings.heartbeat_seconds, partial(_beat, resources), partial(_beat_wanted, resources)
    )


async def _beat_wanted(resources: Resources) -> None:
    """While nothing is in flight, that is while a lost lease would cost nothing, half of it may pass. A worker's sweep
    renews it meanwhile.
    """
    pause = resources.settings.heartbeat_seconds
    while not resources.pipeline.in_flight and resources.lease.lasts(LONGEST_PAUSE * pause):  # noqa: ASYNC110 - time itself
        await asyncio.sleep(pause)


async def _beat(resources: Resources) -> None:
    try:
        await _renew(resources)
    except DatabaseUnavailable:
        # Its connection may have ended, and is replaced: to wait for the next heartbeat would cost a part of the lease.
        await _renew(resources)


async def _renew(resources: Resources) -> None:
    asked = resources.timekeeper.ask()
    beat = await resources.lease.beat()
    if resources.timekeeper.set(asked, beat.time):
        await resources.lease.renew()  # The end of the lease was that of the clock before its step.


def chores(resources: Resources, *, works: bool, messages_wait: Callable[[], None] = ignore) -> list[Chore]:
    """The other chores of a process.

    Args:
        works: whether it delivers.
        messages_wait: called if the sweep finds a message to a contact that is due.
    """
    settings, database, clock, lease = resources.settings, resources.database, resources.clock, resources.lease
    found = [Chore("keys", KEYS_EVERY_SECONDS, lambda: resources.authenticator.keys.write_uses(resources.database))]
    found.append(Chore("registry", settings.sweep_seconds, partial(_tell_unreadable, resources)))
    streams = resources.open_streams
    found.append(Chore("streams", CHECK_SECONDS, streams.check, streams.opened))
    if not works:
        found.append(Chore("reconcile", settings.sweep_seconds, resources.pipeline.reconcile))
    if works:
        operations = Signal()
        waits = {"operation": operations.give, "message": messages_wait}
        found.append(Chore("sweep", settings.sweep_seconds, partial(_sweep, resources, waits)))
        found.append(Chore("operations", 0, lambda: run_due_operations(resources, lease), operations.wanted))
        found.append(Chore("secrets", SECRETS_EVERY_SECONDS, lambda: rotate_due_secrets(resources)))
        found.append(Chore("deleted", DELETED_EVERY_SECONDS, lambda: cancel_deliveries_of_deleted(resources)))
        found.append(Chore("workspaces", WORKSPACES_EVERY_SECONDS, lambda: remove_deleted_workspaces(resources)))
        found.append(Chore("statistics", STATISTICS_EVERY_SECONDS, ClosedPeriods(database, clock).close))
        found.append(Chore("alerts", ALERTS_EVERY_SECONDS, lambda: watch(resources, resources.alerts)))
        retention = Retention(resources, resources.metrics.pruned)
        found.append(Chore("retention", RETENTION_EVERY_SECONDS, partial(_prune, resources, retention)))
        bodies = ExpiredBodies(resources)
        found.append(Chore("bodies", BODIES_EVERY_SECONDS, partial(_empty_bodies, resources, bodies)))
    return found


def messages(messenger: Messenger, wanted: Callable[[], Awaitable[object]]) -> list[Chore]:
    """The chores of a process that delivers: to send messages to contacts, and to tidy up afterwards."""
    return [
        Chore("messages", 0, messenger.send_due, wanted),
        Chore("messages forgotten", MESSAGES_FORGOTTEN_EVERY_SECONDS, messenger.forget),
    ]


async def _prune(resources: Resources, retention: Retention) -> None:
    if resources.timekeeper.may_forget:
        await retention.prune()


async def _empty_bodies(resources: Resources, bodies: ExpiredBodies) -> None:
    if resources.timekeeper.may_forget:
        await bodies.empty()


async def _tell_unreadable(resources: Resources) -> None:
    reasons = StatusReasons(resources.database, resources.clock, resources.updates)
    await tell_unreadable_selections(resources.registries, reasons)


async def _sweep(resources: Resources, waits: Mapping[str, Callable[[], None]]) -> None:
    await resources.timekeeper.mend()
    await sweep(
        resources,
        resources.pipeline,
        resources.lease,
        resources.metrics.swept,
        timekeeper=resources.timekeeper,
        waits=lambda kind: waits[kind](),
    )


@asynccontextmanager
async def running(chores: list[Chore]) -> AsyncIterator[None]:
    """Run the chores until the block ends."""
    tasks = [
        asyncio.create_task(supervised(chore.name, partial(_again_and_again, chore)), name=chore.name)
        for chore in chores
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _again_and_again(chore: Chore) -> None:
    while True:
        try:
            await chore.wanted()
            await chore.do()
        except Exception as error:  # noqa: BLE001 — none of these may end while the process lives
            # The next round tries again.
            log.warning("chore.failed", chore=chore.name, error=str(error) or type(error).__name__)
        # Spreads processes that started together.
        await asyncio.sleep(chore.every_seconds * random.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
