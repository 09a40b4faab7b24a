"""Empties events and their deliveries: what `eraseData` asks for, and what an event type keeps no longer.

Rows stay, so that counts and statistics do. A mark in the rows of the event and its deliveries, `erased_at`, says that
the event has no data any more: it is never sent, and none of its deliveries can be retried or replayed. The marks also
tell a recorder that comes late to empty the attempt that it writes (`app.delivery.record`).

A caller locks or empties events before deliveries, as a replay does, so that two transactions do not wait for each
other in a circle.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple

import orjson

from app.clock import from_micros, rfc3339, to_micros
from app.database.batch import IDS, Columns, Dialect, among
from app.database.database import Row, Statements
from app.updates.update import DeliveryRef

# Headers of an answer that are not stored. No stored ones are written with this space, so that the API can tell them
# from an answer that had no headers.
NO_HEADERS = "[ ]"
# The end of `UPDATE attempt SET`. What the request and its answer contained goes; that there was an answer stays.
EMPTIED = f"""request_headers = '[]', error = NULL,
  response_headers = CASE WHEN response_headers IS NULL THEN NULL ELSE '{NO_HEADERS}' END,
  response_body = CASE WHEN response_body IS NULL THEN NULL ELSE '' END"""

_BODIES: Columns = (("id", "text"), ("body", "text"))
# Takes the deliveries from the process that is sending them, which then records the attempt only.
_CANCEL = """
UPDATE delivery SET status = 'CANCELED', next_attempt_at = NULL, claimed_by = NULL, completed_at = $1
WHERE {column} {among} AND status IN ('PENDING', 'RETRYING')
RETURNING id, workspace_id, event_id, webhook_id, event_type
"""
# Locks all of them: an attempt that is being recorded is either there already, or finds the mark.
_MARK = "UPDATE delivery SET erased_at = $1{keys} WHERE {column} {among} RETURNING id"
_EMPTY_ATTEMPTS = f"UPDATE attempt SET {EMPTIED} WHERE delivery_id {{among}} RETURNING id"
_EMPTY_EVENTS = "UPDATE event SET body = new.body, erased_at = $1{keys} FROM {rows} AS new WHERE event.id = new.id"
_KEYS_OF_EVENTS = ", idempotency_key = NULL, digest = NULL, ordering_key = NULL, trace = NULL"
_KEYS_OF_DELIVERIES = ", ordering_key = NULL"

# What `empty_events` reads of a row.
EVENT_COLUMNS = "id, type, occurred_at, test"


class EmptiedDeliveries(NamedTuple):
    """The deliveries that were emptied; those of them that were open and are canceled; the number of attempts."""

    deliveries: int
    canceled: list[DeliveryRef]
    attempts: int


async def empty_events(statements: Statements, events: Sequence[Row], at: datetime, *, keys: bool) -> None:
    """Empty and mark events, whose rows have `EVENT_COLUMNS`.

    Args:
        keys: also erase the keys and the trace that the publisher gave, so that the same can be published again.
    """
    if events:
        bodies = [(event["id"], _empty_body(event)) for event in events]
        text = _EMPTY_EVENTS.replace("{keys}", _KEYS_OF_EVENTS if keys else "")
        await statements.write_rows(text, _BODIES, bodies, to_micros(at))


async def empty_deliveries(
    statements: Statements, column: str, ids: Sequence[str], at: datetime, *, keys: bool
) -> EmptiedDeliveries:
    """Cancel what is open of deliveries, and mark and empty all of them with their attempts.

    Args:
        column: the column of `delivery` that has one of the IDs: `id` or `event_id`.
        keys: also erase the ordering key.
    """
    dialect, micros = statements.dialect, to_micros(at)
    given = [(id_,) for id_ in ids]
    canceled = await statements.fetch_rows(_text(_CANCEL, dialect, column), IDS, given, micros)
    mark = _text(_MARK, dialect, column).replace("{keys}", _KEYS_OF_DELIVERIES if keys else "")
    marked = [(row["id"],) for row in await statements.fetch_rows(mark, IDS, given, micros)]
    attempts = await statements.fetch_rows(_text(_EMPTY_ATTEMPTS, dialect), IDS, marked)
    return EmptiedDeliveries(len(marked), [DeliveryRef.of(row) for row in canceled], len(attempts))


@asynccontextmanager
async def overwriting(statements: Statements) -> AsyncIterator[None]:
    """Have SQLite overwrite in its file what the block removes, which it may otherwise leave in unused space."""
    if statements.dialect != "sqlite":
        yield
        return
    [setting] = await statements.fetch("PRAGMA secure_delete")
    await statements.fetch("PRAGMA secure_delete = ON")
    try:
        yield
    finally:
        await statements.fetch(f"PRAGMA secure_delete = {int(setting['secure_delete'])}")


def _empty_body(event: Row) -> str:
    """The body of an event without its data, in the form of all bodies."""
    content = {"id": event["id"], "type": event["type"], "timestamp": rfc3339(from_micros(event["occurred_at"]))}
    test = {"test": True} if event["test"] else {}
    return orjson.dumps({**content, "data": {}, **test}).decode()


def _text(statement: str, dialect: Dialect, column: str = "") -> str:
    return statement.replace("{among}", among(dialect)).replace("{column}", column)
