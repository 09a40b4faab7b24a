"""Removes the rows of deleted workspaces, in batches with a rest after each. Periodic.

The only record of a removal is the workspace's row, which is deleted last, so any process can continue. It stays for a
while after the deletion, because a request that was running then may still write something.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeAlias

import structlog

from app.clock import to_micros
from app.database.database import Database
from app.retention.batch import BATCH, delete_rows
from app.services import Services

log = structlog.get_logger()

# Longer than any attempt, and than a process holds claims after it was cut off.
GRACE = timedelta(minutes=15)
REST_SECONDS = 0.1
# Each webhook has up to a period of statistics for every five minutes.
_WEBHOOKS = 20

# The tables of a workspace, those with many rows first, so that nothing refers to the last ones.
_TABLES = (
    "attempt",
    "delivery",
    "missed_delivery",
    "problem",
    "notice",
    "contact_message",
    "contact",
    "event",
    "operation",
    "audit_entry",
    "event_type",
)
_OF_WEBHOOKS = (
    "DELETE FROM secret WHERE webhook_id = $1",
    "DELETE FROM webhook_sequence WHERE webhook_id = $1",
    "DELETE FROM webhook_feed WHERE webhook_id = $1",
    "DELETE FROM open_alert WHERE webhook_id = $1",
    "DELETE FROM stats_period WHERE id >= $1 || '.' AND id < $1 || '/'",
    "DELETE FROM webhook WHERE id = $1",
)
_LAST = (
    "DELETE FROM stats_period WHERE id >= $1 || '.' AND id < $1 || '/'",
    "DELETE FROM session WHERE api_key_id IN (SELECT id FROM api_key WHERE workspace_id = $1)",
    "DELETE FROM api_key WHERE workspace_id = $1",
    "DELETE FROM audit_chain WHERE workspace_id = $1",
    "DELETE FROM workspace WHERE id = $1",
)

_Batch: TypeAlias = Callable[[Database, str], Awaitable[int]]


async def remove_deleted_workspaces(services: Services, rest_seconds: float = REST_SECONDS) -> int:
    """Remove the rest of deleted workspaces; return how many rows of their tables and webhooks were deleted."""
    database = services.database
    removed = 0
    for row in await database.fetch("SELECT id, deleted_at FROM workspace WHERE deleted_at IS NOT NULL ORDER BY id"):
        gone = 0
        for batch in (*(_batch_of(table) for table in _TABLES), _webhooks):
            while rows := await batch(database, row["id"]):
                gone += rows
                await asyncio.sleep(rest_seconds)
        over = row["deleted_at"] <= to_micros(services.clock.now() - GRACE)
        if over and not gone and await _is_empty(database, row["id"]):
            await _remove_last(database, row["id"])
            log.info("workspace.removed", workspace_id=row["id"])
        removed += gone
    return removed


def _batch_of(table: str) -> _Batch:
    async def remove(database: Database, workspace_id: str) -> int:
        rows = await database.fetch(f"SELECT id FROM {table} WHERE workspace_id = $1 LIMIT {BATCH}", workspace_id)
        return await delete_rows(database, table, [row["id"] for row in rows])

    return remove


async def _webhooks(database: Database, workspace_id: str) -> int:
    rows = await database.fetch(
        f"SELECT id FROM webhook WHERE workspace_id = $1 ORDER BY id LIMIT {_WEBHOOKS}", workspace_id
    )
    for row in rows:
        async with database.transaction() as statements:
            for statement in _OF_WEBHOOKS:
                await statements.execute(statement, row["id"])
    return len(rows)


async def _is_empty(database: Database, workspace_id: str) -> bool:
    """Whether nothing is left that was locked when it was to be removed."""
    left = [f"SELECT 1 FROM {table} WHERE workspace_id = $1 LIMIT 1" for table in (*_TABLES, "webhook")]
    return not any([await database.fetch(statement, workspace_id) for statement in left])


async def _remove_last(database: Database, workspace_id: str) -> None:
    async with database.transaction() as statements:
        for statement in _LAST:
            await statements.execute(statement, workspace_id)
