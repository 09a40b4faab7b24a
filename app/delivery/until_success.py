"""Empties events whose type keeps bodies until success, in the transaction that records the last success.

A delivery that has not succeeded keeps the body, so that it can be retried, and so does an event that a DISABLED
webhook missed, so that it can be replayed.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from app.database.batch import IDS, Dialect, among
from app.database.database import Row, Statements
from app.delivery.erased import EVENT_COLUMNS, empty_deliveries, empty_events, overwriting

# Locked before deliveries are, as an erasure and a replay do. Of two transactions that record the last two successes of
# an event, the second therefore sees the first.
_HOLD = "SELECT id FROM event WHERE id {among} AND erased_at IS NULL ORDER BY id"
# A subquery instead of EXISTS, for which PostgreSQL may read all deliveries. It ends at the first row.
SUCCEEDED = """
  (SELECT d.id FROM delivery d WHERE d.event_id = event.id AND d.status <> 'SUCCEEDED' LIMIT 1) IS NULL
  AND (SELECT d.id FROM delivery d WHERE d.event_id = event.id LIMIT 1) IS NOT NULL
  AND (SELECT m.id FROM missed_delivery m WHERE m.event_id = event.id LIMIT 1) IS NULL
"""
_OVER = f"SELECT {EVENT_COLUMNS} FROM event WHERE id {{among}} AND erased_at IS NULL AND {SUCCEEDED} ORDER BY id"
# Nobody can retry one of them from here on.
_HOLD_DELIVERIES = "SELECT id, event_id, status FROM delivery WHERE event_id {among} ORDER BY id"


@asynccontextmanager
async def emptying(statements: Statements, event_ids: Sequence[str], at: datetime) -> AsyncIterator[None]:
    """Wrap the part of a transaction that moves deliveries of these events; afterwards, empty the events of which all
    deliveries have succeeded.
    """
    if not event_ids:
        yield
        return
    await hold(statements, event_ids)
    yield
    await empty_succeeded(statements, event_ids, at)


async def hold(statements: Statements, event_ids: Sequence[str]) -> list[str]:
    """Lock those of these events that are not erased; return their IDs."""
    held = await statements.fetch_rows(_text(_HOLD, statements.dialect, locks=True), IDS, _ids(event_ids))
    return [row["id"] for row in held]


async def empty_succeeded(statements: Statements, event_ids: Sequence[str], at: datetime) -> int:
    """Empty those of these events, which the transaction holds, of which all deliveries have succeeded; return how
    many.
    """
    over = await statements.fetch_rows(_text(_OVER, statements.dialect), IDS, _ids(event_ids))
    if over:
        over = await _still_succeeded(statements, over)
    if not over:
        return 0
    async with overwriting(statements):
        await empty_events(statements, over, at, keys=False)
        await empty_deliveries(statements, "event_id", [event["id"] for event in over], at, keys=False)
    return len(over)


async def _still_succeeded(statements: Statements, events: Sequence[Row]) -> list[Row]:
    """Those of the events whose deliveries, now locked, have all succeeded: one may have been retried meanwhile."""
    text = _text(_HOLD_DELIVERIES, statements.dialect, locks=True)
    held = await statements.fetch_rows(text, IDS, _ids([event["id"] for event in events]))
    open_ = {row["event_id"] for row in held if row["status"] != "SUCCEEDED"}
    return [event for event in events if event["id"] not in open_]


def _ids(ids: Sequence[str]) -> list[tuple[str]]:
    return [(id_,) for id_ in ids]


def _text(statement: str, dialect: Dialect, *, locks: bool = False) -> str:
    return statement.replace("{among}", among(dialect)) + (" FOR UPDATE" if locks and dialect == "postgres" else "")
