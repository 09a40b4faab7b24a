"""Finds deliveries that no wake-up announced: those that are due, and those held by a dead worker.

The rows are the truth; the sweep makes lost wake-ups, an unavailable broker and killed processes harmless. Every worker
process sweeps for itself, and claims like any other; it needs no broker.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic

from app.clock import Micros, from_micros, to_micros
from app.database.database import Database, Row
from app.delivery.claim_statements import LATEST
from app.delivery.lease import RENEW, Lease
from app.delivery.pipeline import Pipeline
from app.delivery.timekeeper import POSTGRES_NOW, Timekeeper
from app.ids import ATTEMPT, lowest_id
from app.services import Services
from app.updates.update import DeliveryRef, Topic, delivery_changed

# A worker is dead once its row is gone, because the row, unlike the time, is something it can check when it returns.
_DEAD_WORKERS = "DELETE FROM worker WHERE lease_until <= $1 AND id <> $2 RETURNING id, lease_until"
_FREE_CLAIMS = (
    "UPDATE delivery SET claimed_by = NULL WHERE claimed_by IS NOT NULL AND claimed_by NOT IN (SELECT id FROM worker)"
)
# One query for everything there may be to do, because mostly there is nothing. It reads the first row of each lane,
# which keeps the plan to the index of due deliveries.
_LOOK = f"""
SELECT 'gone' AS found, id FROM worker WHERE lease_until <= $1 AND id <> $2
UNION ALL
SELECT 'held by nobody', id FROM (
  SELECT id FROM delivery WHERE claimed_by IS NOT NULL AND claimed_by NOT IN (SELECT id FROM worker) LIMIT 1) held
UNION ALL
SELECT 'operation', id FROM (SELECT id FROM operation WHERE status = 'RUNNING' LIMIT 1) running
UNION ALL
SELECT 'message', id FROM (SELECT id FROM contact_message WHERE next_attempt_at <= $1 LIMIT 1) due_message
UNION ALL
SELECT 'due', w.id FROM webhook w
WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL AND (w.held_until IS NULL OR w.held_until <= $1)
  AND EXISTS (
    SELECT 1 FROM (SELECT 'PENDING' AS status, CAST({LATEST} AS BIGINT) AS until UNION ALL SELECT 'RETRYING', $1) lane
    WHERE (
      SELECT d.next_attempt_at FROM delivery d
      WHERE d.webhook_id = w.id AND d.status = lane.status AND d.claimed_by IS NULL AND d.next_attempt_at IS NOT NULL
      ORDER BY d.next_attempt_at LIMIT 1) <= lane.until)
"""
# Looks, then renews the lease and reads the time: one statement is all that an idle worker asks of PostgreSQL. The
# renewal comes after the look, because it locks the row that the heartbeat needs.
_LOOK_AND_BEAT = f"""
WITH look AS MATERIALIZED ({_LOOK}), beat AS (
  {RENEW.format(id="$2", until="$3")} AND (SELECT count(*) FROM look) >= 0 RETURNING id)
SELECT found, id FROM look
UNION ALL SELECT 'beat', id FROM beat
UNION ALL SELECT 'time', CAST({POSTGRES_NOW} AS TEXT)
"""
# The last recordings of a dead worker may not have been announced; duplicates are better for followers than gaps.
LAST_MOMENTS_LEASES = 3
_LAST_RECORDED = """
SELECT d.id, d.workspace_id, d.event_id, d.webhook_id, d.event_type, d.status, a.id AS attempt_id, a.started_at
FROM attempt a JOIN delivery d ON d.id = a.delivery_id
WHERE a.worker_id = $1 AND a.id >= $2
"""


def ignore(_: str) -> None:
    """Does nothing with the kind of what waits."""


async def sweep(
    services: Services,
    pipeline: Pipeline,
    lease: Lease,
    observe: Callable[[datetime], None],
    *,
    timekeeper: Timekeeper | None = None,
    waits: Callable[[str], None] = ignore,
) -> int:
    """Free the claims of dead workers and claim what is due; return how many webhooks had due deliveries.

    Args:
        observe: called with the time when the sweep has ended.
        timekeeper: if given, the sweep also does what a heartbeat does, if that costs no statement.
        waits: called with "operation" if one runs, and with "message" if one to a contact is due or being sent.
    """
    await pipeline.reconcile()
    now = to_micros(services.clock.now())
    if timekeeper is None or services.database.dialect == "sqlite":
        found = await _look(services.database, lease, now)
    else:
        found = await _look_and_beat(services.database, lease, timekeeper, now)
    for kind in found.keys() & {"operation", "message"}:
        waits(kind)
    if ("gone" in found or "held by nobody" in found) and lease.may_judge:
        await _free_dead_claims(services, lease, now)
        found = await _look(services.database, lease, now)
    webhooks = found.get("due", [])
    if webhooks:
        await pipeline.attempt(webhooks)
    observe(services.clock.now())
    return len(webhooks)


async def _look(database: Database, lease: Lease, now: Micros) -> dict[str, list[str]]:
    """What there is to do, by kind, as lists of IDs."""
    return _by_kind(await database.fetch(_LOOK, now, lease.worker_id))


async def _look_and_beat(database: Database, lease: Lease, timekeeper: Timekeeper, now: Micros) -> dict[str, list[str]]:
    asked_at, asked = monotonic(), timekeeper.ask()
    found = _by_kind(await database.fetch(_LOOK_AND_BEAT, now, lease.worker_id, lease.until()))
    timekeeper.set(asked, Micros(int(found["time"][0])))
    if "beat" in found:  # Otherwise another process has deleted the lease, and the heartbeat begins another.
        lease.renewed(asked_at)
    return found


def _by_kind(rows: Sequence[Row]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row["found"], []).append(row["id"])
    return found


async def _free_dead_claims(services: Services, lease: Lease, now: Micros) -> None:
    """Free the claims of workers with an ended lease, and announce again what they may not have announced."""
    dead = await services.database.fetch(_DEAD_WORKERS, now, lease.worker_id)
    await services.database.execute(_FREE_CLAIMS)
    for worker in dead:
        await _announce_again(services, worker["id"], worker["lease_until"])


async def _announce_again(services: Services, worker_id: str, lease_until: Micros) -> None:
    last_moments = timedelta(seconds=services.settings.lease_seconds * LAST_MOMENTS_LEASES)
    first = lowest_id(ATTEMPT, from_micros(lease_until) - last_moments)
    rows = await services.database.fetch(_LAST_RECORDED, worker_id, first)
    updates = [
        delivery_changed(DeliveryRef.of(row), row["started_at"], row["status"], row["attempt_id"]) for row in rows
    ]
    if updates:
        services.updates.announce(Topic.DELIVERIES, updates)
