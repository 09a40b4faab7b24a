"""The domain, open on a test's database, with two workspaces: one to act in, and one that must stay unaffected."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from app.access.actor import Actor
from app.access.caller import Caller
from app.access.keys import create_workspace
from app.database.database import Row
from app.resources import Resources, open_resources
from app.settings import Settings
from app.statuses import ActorKind, Scope
from app.updates import Updates
from app.updates.update import Topic, Update
from tests.clock import FakeClock
from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Domain:
    """Open resources, the webhooks woken so far, and a caller with every scope in each of two workspaces."""

    resources: Resources
    clock: FakeClock
    woken: list[str]
    caller: Caller
    stranger: Caller

    async def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """Rows of the database."""
        return await self.resources.database.fetch(statement, *parameters)

    async def audit_log(self, action: str | None = None) -> list[Row]:
        """The audit entries of the caller's workspace, oldest first, with decoded changes; those of one action, or
        all.
        """
        rows = await self.rows(
            "SELECT * FROM audit_entry WHERE workspace_id = $1 ORDER BY id", self.caller.workspace_id
        )
        return [
            row | {"changes": row["changes"] and orjson.loads(row["changes"])}
            for row in rows
            if action in {None, row["action"]}
        ]

    async def registry_version(self) -> int:
        """The version that tells publishers whether their caches are still valid."""
        [row] = await self.rows("SELECT registry_version FROM workspace WHERE id = $1", self.caller.workspace_id)
        return int(row["registry_version"])

    def announced(self, topic: Topic, count: int) -> AbstractAsyncContextManager[list[Update]]:
        """Collect the updates of the caller's workspace that the block causes; there must be `count` of them."""
        return announced(self.resources.updates, topic, self.caller.workspace_id, count)


@asynccontextmanager
async def announced(updates: Updates, topic: Topic, workspace_id: str, count: int) -> AsyncIterator[list[Update]]:
    """Collect the updates of a workspace that the block causes, and end when followers can see all `count` of them.

    The bus writes to Redis in the background: a follower that begins after a change may still see its update.
    """
    collected: list[Update] = []
    async with aclosing(updates.follow(topic, workspace_id)) as batches:
        await anext(batches)
        yield collected
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(collected) < count:
                collected += [update for _, update in (await anext(batches)).updates]
    assert len(collected) == count


@asynccontextmanager
async def open_domain(database_url: str, directory: Path, clock: FakeClock, **settings: Any) -> AsyncIterator[Domain]:
    """Open the domain; its files other than the database are in `directory`."""
    woken: list[str] = []
    # A fake clock stands still, so spent cost would never be restored.
    settings = {"cost_limit_per_second": 0} | settings
    chosen = Settings(_env_file=None, database_url=database_url, data_dir=directory, **settings)
    async with open_resources(chosen, send_wake_up=woken.extend, clock=clock) as resources:
        async with resources.database.transaction() as statements:
            ours = await create_workspace(statements, "ours", clock.now())
            theirs = await create_workspace(statements, "theirs", clock.now())
        yield Domain(
            resources,
            clock,
            woken,
            Caller(ours.id, Actor(ActorKind.PERSON, name="Ada"), frozenset(Scope), source_address="203.0.113.7"),
            Caller(theirs.id, Actor(ActorKind.PERSON, name="Eve"), frozenset(Scope)),
        )
