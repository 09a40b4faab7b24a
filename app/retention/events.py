"""Deletes events as a whole: attempts, deliveries and the event itself, in this order.

An event is deleted once each of its deliveries has ended long enough ago. A delivery therefore always has its event, a
retry always has a body to send, and a replay of missing deliveries never takes a delivered event for a missing one.
Each row is checked again under its lock: a delivery that was just retried or replayed stays, and its event with it.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from app.clock import to_micros
from app.database.batch import IDS, Columns, Dialect, among
from app.database.database import Database, Row, Statements
from app.retention.batch import BATCH, Old, delete_held, skip_locked

# Deliveries must have ended before this time, by whether they succeeded.
_ENDED = "d.completed_at < CASE d.status WHEN 'SUCCEEDED' THEN CAST({succeeded} AS BIGINT) ELSE {failed} END"
_OVER = f"d.status IN ('SUCCEEDED', 'FAILED', 'CANCELED') AND d.claimed_by IS NULL AND {_ENDED}"
# Counted instead of EXISTS, which PostgreSQL may answer by reading all deliveries (see `app.database.batch.among`).
_PAGE = f"""
SELECT e.id, (
  SELECT count(*) FROM delivery d
  WHERE d.event_id = e.id AND NOT coalesce({_OVER.format(succeeded="$3", failed="$4")}, false)
) = 0 AS over
FROM event e WHERE e.id > $1 AND e.id < $2 ORDER BY e.id LIMIT {BATCH}
"""
_DELIVERIES = f"""
SELECT id, webhook_id, sequence FROM delivery d
WHERE event_id {{among}} AND {_OVER.format(succeeded="$1", failed="$2")} LIMIT {BATCH}
"""
_FEEDS: Columns = (("webhook_id", "text"), ("expired_before", "bigint"))
_MOVE_FEEDS = (
    "INSERT INTO webhook_feed AS kept (webhook_id, expired_before)"
    " SELECT new.webhook_id, new.expired_before FROM {rows} AS new WHERE true"
    " ON CONFLICT (webhook_id) DO UPDATE SET expired_before = excluded.expired_before"
    " WHERE kept.expired_before < excluded.expired_before"
)
_EVENTS = "SELECT id FROM event WHERE id {among}"
_DELETE_MISSED = "DELETE FROM missed_delivery WHERE event_id {among} RETURNING webhook_id, sequence"
_DELETE_EVENTS = (
    "DELETE FROM event WHERE id {among} AND (SELECT count(*) FROM delivery d WHERE d.event_id = event.id) = 0"
    " RETURNING id"
)


async def fetch_events(
    database: Database, after: str, until: str, succeeded: datetime, failed: datetime | None
) -> list[Old]:
    """The next events by ID, and whether each is `over`: may be deleted."""
    rows = await database.fetch(_PAGE, after, until, to_micros(succeeded), _or_never(failed))
    return [Old(row["id"], bool(row["over"])) for row in rows]


async def forget_events(
    database: Database, event_ids: Sequence[str], succeeded: datetime, failed: datetime | None
) -> Counter[str]:
    """Delete events with everything that belongs to them, except locked rows; return how many rows of each table went.

    Deletes a batch of deliveries at a time, because one event may have thousands.
    """
    gone = Counter[str]()
    ids = [(event_id,) for event_id in event_ids]
    lock = _text(_DELIVERIES, database.dialect) + skip_locked(database.dialect)
    found = BATCH
    while ids and found == BATCH:
        async with database.transaction() as statements:
            rows = await statements.fetch_rows(lock, IDS, ids, to_micros(succeeded), _or_never(failed))
            deliveries = [row["id"] for row in rows]
            gone["attempt"] += await delete_held(statements, "attempt", "delivery_id", deliveries)
            gone["delivery"] += await delete_held(statements, "delivery", "id", deliveries)
            await _move_feeds(statements, rows)
        found = len(deliveries)
    if ids:
        gone["event"] += await _delete_events(database, ids)
    return gone


async def _move_feeds(statements: Statements, deleted: Sequence[Row]) -> None:
    """Have the feeds of webhooks begin above these deliveries: what is below may be missing from now on."""
    expired_before: dict[str, int] = {}
    for row in deleted:
        if row["sequence"] is not None:
            expired_before[row["webhook_id"]] = max(row["sequence"] + 1, expired_before.get(row["webhook_id"], 1))
    if expired_before:  # in the order of IDs, so that two processes do not wait for each other in a circle
        await statements.write_rows(_MOVE_FEEDS, _FEEDS, sorted(expired_before.items()))


async def _delete_events(database: Database, ids: Sequence[tuple[str]]) -> int:
    """Delete the events that have no delivery left.

    Uses two statements, so that the second sees commits that came before the first got its locks: a replay locks the
    event's row while it adds a delivery.
    """
    lock = _text(_EVENTS, database.dialect) + skip_locked(database.dialect)
    async with database.transaction() as statements:
        held = await statements.fetch_rows(lock, IDS, ids)
        delete = _text(_DELETE_EVENTS, database.dialect)
        deleted = await statements.fetch_rows(delete, IDS, [(row["id"],) for row in held])
        if deleted:
            missed = await statements.fetch_rows(
                _text(_DELETE_MISSED, database.dialect), IDS, [(row["id"],) for row in deleted]
            )
            await _move_feeds(statements, missed)
        return len(deleted)


def _text(statement: str, dialect: Dialect) -> str:
    return statement.replace("{among}", among(dialect))


def _or_never(at: datetime | None) -> int:
    """The time in microseconds; without one, a time that nothing is older than."""
    return 0 if at is None else to_micros(at)
