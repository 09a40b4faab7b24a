"""A whole process with a workspace and a receiver, for tests of the domain: real database, broker and HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.access.actor import Actor
from app.access.caller import Caller
from app.access.keys import bootstrap, create_workspace
from app.clock import Clock
from app.database.database import Row
from app.models import Webhook
from app.publishing.commit import PublishedEvent
from app.publishing.draft import EventDraft
from app.resources import Resources
from app.settings import load_settings
from app.statuses import ActorKind, Scope
from app.sweep import sweep
from app.updates import Topic
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tasks.process import open_process
from tests.clock import FakeClock
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver

TICKET = {"ticket": {"id": "tkt_1", "subject": "The printer is on fire", "status": "open", "priority": "urgent"}}


@dataclass(frozen=True)
class World:
    """One process, one workspace with an administrator's key, and one receiver."""

    resources: Resources
    caller: Caller
    receiver: Receiver
    key: str

    async def webhook(self, path: str = "/", **draft: Any) -> Webhook:
        """Register a webhook at a path of the receiver, by default for all tickets."""
        given = {"name": "Test", "url": self.receiver.url(path), "event_types": ["ticket.*"], **draft}
        created = await create_webhook(self.resources, self.caller, WebhookDraft(**given))
        return created.webhook

    async def publish(self, event_type: str = "ticket.created", data: Any = None, **draft: Any) -> PublishedEvent:
        """Publish one event."""
        event = EventDraft(event_type, TICKET if data is None else data, **draft)
        committed = await self.resources.publisher.publish(self.caller, [event], batch=False)
        return committed.events[0]

    async def neighbour(self) -> "World":
        """Another workspace of the same process."""
        async with self.resources.database.transaction() as statements:
            workspace = await create_workspace(statements, "neighbour", self.resources.clock.now())
        caller = Caller(workspace.id, Actor(ActorKind.PERSON, name="Eve"), frozenset(Scope))
        return World(self.resources, caller, self.receiver, key="")

    async def deliveries(self, **where: Any) -> list[Row]:
        """The rows of `delivery` with these values, in the order of creation."""
        return await self.rows("delivery", **where)

    async def attempts(self, **where: Any) -> list[Row]:
        """The rows of `attempt` with these values, in the order of creation."""
        return await self.rows("attempt", **where)

    async def advance(self, by: timedelta | float) -> None:
        """Move the clock; the process keeps its lease, as its heartbeats would."""
        assert isinstance(self.resources.clock, FakeClock)
        self.resources.clock.advance(by)
        await self.resources.lease.renew()

    async def sweep(self) -> int:
        """Sweep once; return how many webhooks had due deliveries."""
        resources = self.resources
        return await sweep(resources, resources.pipeline, resources.lease, resources.metrics.swept)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Wait until a condition holds, checking again whenever a delivery was announced."""
        follow = self.resources.updates.follow(Topic.DELIVERIES, self.caller.workspace_id)
        async with asyncio.timeout(PATIENCE_SECONDS), aclosing(follow) as batches:
            async for _ in batches:
                if await condition():
                    return

    async def until_status(self, *statuses: str) -> list[Row]:
        """Wait until the deliveries have these statuses and are unclaimed; return their rows."""

        async def reached() -> bool:
            rows = await self.deliveries()
            return [row["status"] for row in rows] == list(statuses) and not any(row["claimed_by"] for row in rows)

        await self.until(reached)
        return await self.deliveries()

    async def until_attempts(self, count: int) -> list[Row]:
        """Wait until this many attempts are recorded in total, and return their rows."""

        async def reached() -> bool:
            return len(await self.attempts()) >= count

        await self.until(reached)
        return await self.attempts()

    async def until_rows(self, count: int, table: str, **where: Any) -> None:
        """Wait until there are this many rows with these values."""

        async def reached() -> bool:
            return len(await self.rows(table, **where)) >= count

        if not await reached():
            await self.until(reached)

    async def rows(self, table: str, **where: Any) -> list[Row]:
        """The rows of a table with these values, in the order of creation."""
        conditions = " AND ".join(f"{name} = ${n}" for n, name in enumerate(where, 1)) or "1 = 1"
        statement = f"SELECT * FROM {table} WHERE {conditions} ORDER BY id"
        return await self.resources.database.fetch(statement, *where.values())


@asynccontextmanager
async def open_world(
    database_url: str,
    data_dir: Path,
    *,
    broker_url: str = "memory://",
    clock: Clock | None = None,
    works: bool = True,
    receiver: Receiver | None = None,
    key: str | None = None,
    **settings: Any,
) -> AsyncIterator[World]:
    """Open a process on a migrated database, with a workspace and a receiver.

    Args:
        receiver: one that is open already, and outlives this world.
        key: of an existing workspace.
    """
    settings.setdefault("shutdown_seconds", 0.2)
    loaded = load_settings(
        _env_file=None, database_url=database_url, broker_url=broker_url, data_dir=data_dir, **settings
    )
    async with AsyncExitStack() as stack:
        if receiver is None:
            receiver = await stack.enter_async_context(Receiver())
        resources = await stack.enter_async_context(open_process(loaded, works=works, clock=clock))
        key = key or await bootstrap(resources)
        assert key is not None
        caller = await resources.authenticator.authenticate(key, "127.0.0.1")
        yield World(resources, caller, receiver, key)
