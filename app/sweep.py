"""Finds deliveries that no wake-up announced: those that are due, and those held by a dead worker.

The rows are the truth; the sweep makes lost wake-ups, an unavailable broker and killed processes harmless. Every worker
process sweeps for itself, and claims like any other; it needs no broker.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from app.clock import Micros, from_micros, to_micros
from app.database.database import Database
from app.delivery.claim import LATEST
from app.delivery.lease import Lease
from app.delivery.pipeline import Pipeline
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
SELECT 'due', w.id FROM webhook w
WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL AND (w.held_until IS NULL OR w.held_until <= $1)
  AND EXISTS (
    SELECT 1 FROM (SELECT 'PENDING' AS status, CAST({LATEST} AS BIGINT) AS until UNION ALL SELECT 'RETRYING', $1) lane
    WHERE (
      SELECT d.next_attempt_at FROM delivery d
      WHERE d.webhook_id = w.id AND d.status = lane.status AND d.claimed_by IS NULL AND d.next_attempt_at IS NOT NULL
      ORDER BY d.next_attempt_at LIMIT 1) <= lane.until)
"""
# The last recordings of a dead worker may not have been announced; duplicates are better for followers than gaps.
LAST_MOMENTS_LEASES = 3
_LAST_RECORDED = """
SELECT d.id, d.workspace_id, d.event_id, d.webhook_id, d.event_type, d.status, a.id AS attempt_id, a.started_at
FROM attempt a JOIN delivery d ON d.id = a.delivery_id
WHERE a.worker_id = $1 AND a.id >= $2
"""


async def sweep(services: Services, pipeline: Pipeline, lease: Lease, observe: Callable[[datetime], None]) -> int:
    """Free the claims of dead workers and claim what is due; return how many webhooks had due deliveries.

    Args:
        observe: called with the time when the sweep has ended.
    """
    await pipeline.reconcile()
    now = to_micros(services.clock.now())
    found = await _look(services.database, lease, now)
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
    found: dict[str, list[str]] = {}
    for row in await database.fetch(_LOOK, now, lease.worker_id):
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
