"""The messages in the database: claims them, reads what they say, and records the outcomes of their attempts.

A message is claimed as a delivery is (docs/adr/0003): its row names the worker, and it is free again when that worker's
lease has ended. What it sums up is fixed by its first claim; alerts that come later belong to the next message. Each
transaction locks one message, so that none waits for another in a circle.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from app.alerts.notices import BETWEEN_MICROS
from app.clock import Micros, to_micros
from app.contacts.courier import Recipient
from app.contacts.message import MOST_TOLD, Alert, Message
from app.contacts.outcome import Sent
from app.database.database import Database, Row, Statements
from app.statuses import ContactKind

# Of one contact at a time, in one process: a contact that hangs does not hold up the others.
MOST_OF_A_CONTACT = 2
_LOOKED_AT = 100

_ALIVE = "(SELECT id FROM worker WHERE lease_until > $1)"
_FREE = f"next_attempt_at <= $1 AND (claimed_by IS NULL OR claimed_by NOT IN {_ALIVE})"
_DUE = f"""
SELECT id, contact_id FROM (
  SELECT id, contact_id, next_attempt_at,
    row_number() OVER (PARTITION BY contact_id ORDER BY next_attempt_at, id) AS place
  FROM contact_message WHERE {_FREE}) due
WHERE place <= {MOST_OF_A_CONTACT} ORDER BY next_attempt_at, id LIMIT {_LOOKED_AT}
"""
_WAITING = """
SELECT count(*) AS waiting FROM contact_message
WHERE next_attempt_at IS NOT NULL AND (next_attempt_at <= $1 OR attempt_count > 0)
"""
_CLAIM = f"""
UPDATE contact_message SET claimed_by = $2 WHERE id = $3 AND {_FREE} AND $2 IN {_ALIVE}
RETURNING id, contact_id, webhook_id, attempt_count
"""
# Once: an attempt that a killed process made may have arrived, and its repetition must say the same.
_TAKE = """
UPDATE notice SET taken = true
WHERE message_id = $1 AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.message_id = $1 AND n.taken)
"""
_COUNTS = "SELECT event_type, count(*) AS count, min(id) AS first_id FROM notice WHERE message_id = $1 AND taken"
_LATEST = f"""
SELECT n.event_id, n.event_type, CASE WHEN e.erased_at IS NULL THEN e.body END AS body
FROM notice n LEFT JOIN event e ON e.id = n.event_id
WHERE n.message_id = $1 AND n.taken ORDER BY n.id DESC LIMIT {MOST_TOLD}
"""
_CONTACT = """
SELECT c.id, c.kind, c.sealed_target, c.secret FROM contact c JOIN workspace w ON w.id = c.workspace_id
WHERE c.id = $1 AND c.unsubscribed_at IS NULL AND w.deleted_at IS NULL
"""
_RELEASE = "UPDATE contact_message SET claimed_by = NULL WHERE id = $1 AND claimed_by = $2"

_WAIT = """
UPDATE contact_message SET claimed_by = NULL, attempt_count = attempt_count + $3, next_attempt_at = $4
WHERE id = $1 AND claimed_by = $2 RETURNING id
"""
_END = """
UPDATE contact_message SET claimed_by = NULL, attempt_count = 0, next_attempt_at = NULL, last_ended_at = $3
WHERE id = $1 AND claimed_by = $2 RETURNING id
"""
# A statement of its own, because it must see what was noted until the row was locked.
_NEXT = f"""
UPDATE contact_message SET next_attempt_at = last_ended_at + {BETWEEN_MICROS}
WHERE id = $1 AND EXISTS (SELECT 1 FROM notice WHERE message_id = $1)
"""
_FORGET = f"DELETE FROM contact_message WHERE next_attempt_at IS NULL AND last_ended_at <= $1 - {BETWEEN_MICROS}"


class Claimed(NamedTuple):
    """A message that this process sends now, or that no contact wants any more (`recipient` is None)."""

    id: str
    contact_id: str
    attempt_count: int
    recipient: Recipient | None
    message: Message


class Due(NamedTuple):
    """A message that may be claimed."""

    id: str
    contact_id: str


async def due(database: Database, now: datetime) -> list[Due]:
    """Messages that are due and that no living process holds, the oldest first, a few of each contact."""
    return [Due(row["id"], row["contact_id"]) for row in await database.fetch(_DUE, to_micros(now))]


async def count_waiting(database: Database, now: datetime) -> int:
    """Number of messages that are due or being retried."""
    [row] = await database.fetch(_WAITING, to_micros(now))
    return int(row["waiting"])


async def claim(database: Database, worker_id: str, message_id: str, now: datetime) -> Claimed | None:
    """Claim one message; None if another process was faster."""

    async def work(statements: Statements) -> Claimed | None:
        row = await statements.fetch_one(_CLAIM, to_micros(now), worker_id, message_id)
        if row is None:
            return None
        await statements.execute(_TAKE, message_id)
        return await _read(statements, row)

    return await database.in_transaction(work)


async def _read(statements: Statements, row: Row) -> Claimed:
    counted = await statements.fetch(f"{_COUNTS} GROUP BY event_type", row["id"])
    latest = await statements.fetch(_LATEST, row["id"])
    contact = await statements.fetch_one(_CONTACT, row["contact_id"])
    message = Message(
        id=min([each["first_id"] for each in counted], default=""),
        webhook_id=row["webhook_id"],
        counts={each["event_type"]: each["count"] for each in counted},
        latest=[Alert(each["event_id"], each["event_type"], each["body"]) for each in latest],
    )
    return Claimed(row["id"], row["contact_id"], row["attempt_count"], _recipient(contact), message)


def _recipient(contact: Row | None) -> Recipient | None:
    if contact is None:
        return None
    return Recipient(contact["id"], ContactKind(contact["kind"]), contact["sealed_target"], contact["secret"])


async def record(
    database: Database, worker_id: str, claimed: Claimed, sent: Sent, retry_at: datetime | None, now: datetime
) -> bool:
    """Record an attempt and free the message; return False if the claim had passed to another process.

    Args:
        retry_at: when the next attempt is due; None if the message has ended, sent or given up.
    """

    async def work(statements: Statements) -> bool:
        if retry_at is None:
            held = await _end(statements, worker_id, claimed.id, to_micros(now))
        else:
            counted = 0 if sent.not_asked else 1
            held = bool(await statements.fetch(_WAIT, claimed.id, worker_id, counted, to_micros(retry_at)))
        if held:
            await tell_contact(statements, claimed.contact_id, sent, to_micros(now))
        return held

    return await database.in_transaction(work)


async def _end(statements: Statements, worker_id: str, message_id: str, now: Micros) -> bool:
    if not await statements.fetch(_END, message_id, worker_id, now):
        return False
    await statements.execute("DELETE FROM notice WHERE message_id = $1 AND taken", message_id)
    await statements.execute(_NEXT, message_id)
    return True


async def tell_contact(statements: Statements, contact_id: str, sent: Sent, now: Micros) -> None:
    """Write in a contact's row when a message last went out, or why it did not."""
    if sent.ok:
        update = "UPDATE contact SET last_told_at = $2, last_error = NULL WHERE id = $1"
        await statements.execute(update, contact_id, now)
    else:
        update = "UPDATE contact SET last_error = $2 WHERE id = $1 AND unsubscribed_at IS NULL"
        await statements.execute(update, contact_id, sent.error)


async def drop(database: Database, worker_id: str, message_id: str, now: datetime) -> None:
    """End a message that no contact wants any more."""
    await database.in_transaction(lambda statements: _end(statements, worker_id, message_id, to_micros(now)))


async def release(database: Database, worker_id: str, sending: Collection[str]) -> None:
    """Free the messages that this process claimed and is not sending."""
    claimed = await database.fetch("SELECT id FROM contact_message WHERE claimed_by = $1", worker_id)
    for row in claimed:
        if row["id"] not in sending:
            await database.execute(_RELEASE, row["id"], worker_id)


async def forget(database: Database, now: datetime) -> None:
    """Delete the rows of messages that ended so long ago that the next one may go out at once."""
    await database.execute(_FORGET, to_micros(now))
