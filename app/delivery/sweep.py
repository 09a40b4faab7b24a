"""Finds what nobody woke a worker for: deliveries that are due, and those whose worker is gone.

The rows are the truth; this is what makes lost wake-ups, a broker that is down and killed processes harmless. Every
worker process sweeps for itself, and claims like any other; it needs no broker.
"""

from app.clock import from_micros, to_micros
from app.database.database import Row
from app.ids import ATTEMPT, lowest_id
from app.resources import Resources
from app.statuses import DeliveryStatus
from app.updates.update import Topic, Update

# A worker is dead once its row is gone: that, and not the time, is what it can be sure of when it comes back.
_DEAD_WORKERS = "DELETE FROM worker WHERE lease_until <= $1 AND id <> $2 RETURNING id, lease_until"
_FREE_CLAIMS = (
    "UPDATE delivery SET claimed_by = NULL WHERE claimed_by IS NOT NULL AND claimed_by NOT IN (SELECT id FROM worker)"
)
# One look for all there may be to do, for mostly there is nothing.
_LOOK = """
SELECT 'gone' AS found, id FROM worker WHERE lease_until <= $1 AND id <> $2
UNION ALL
SELECT 'held by nobody', id FROM (
  SELECT id FROM delivery WHERE claimed_by IS NOT NULL AND claimed_by NOT IN (SELECT id FROM worker) LIMIT 1) held
UNION ALL
SELECT 'due', w.id FROM webhook w
WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL AND (w.held_until IS NULL OR w.held_until <= $1)
  AND EXISTS (
    SELECT 1 FROM (SELECT 'PENDING' AS status UNION ALL SELECT 'RETRYING') lane JOIN delivery d
      ON d.webhook_id = w.id AND d.status = lane.status AND d.claimed_by IS NULL AND d.next_attempt_at <= $1)
"""
# What a dead worker recorded in its last moments may not have been announced; followers see doubles rather than gaps.
LAST_MOMENTS_LEASES = 3
_LAST_RECORDED = """
SELECT d.id, d.workspace_id, d.event_id, d.webhook_id, d.event_type, d.status, a.id AS attempt_id, a.started_at
FROM attempt a JOIN delivery d ON d.id = a.delivery_id
WHERE a.worker_id = $1 AND a.id >= $2
"""


async def sweep(resources: Resources) -> int:
    """Free what dead workers hold and claim what is due; return how many webhooks had something due."""
    await resources.pipeline.settle()
    now = to_micros(resources.clock.now())
    found = await _look(resources, now)
    if ("gone" in found or "held by nobody" in found) and resources.lease.may_judge:
        await _free_dead_claims(resources, now)
        found = await _look(resources, now)
    webhooks = found.get("due", [])
    if webhooks:
        await resources.pipeline.attempt(webhooks)
    resources.metrics.swept(resources.clock.now())
    return len(webhooks)


async def _look(resources: Resources, now: int) -> dict[str, list[str]]:
    """What there is, by kind, each with its ids."""
    found: dict[str, list[str]] = {}
    for row in await resources.database.fetch(_LOOK, now, resources.lease.worker_id):
        found.setdefault(row["found"], []).append(row["id"])
    return found


async def _free_dead_claims(resources: Resources, now: int) -> None:
    """Free the claims of workers whose lease has ended, and announce again what those may have left unsaid."""
    dead = await resources.database.fetch(_DEAD_WORKERS, now, resources.lease.worker_id)
    await resources.database.execute(_FREE_CLAIMS)
    for worker in dead:
        await _announce_again(resources, worker)


async def _announce_again(resources: Resources, worker: Row) -> None:
    window = int(resources.settings.lease_seconds * LAST_MOMENTS_LEASES * 1_000_000)
    first = lowest_id(ATTEMPT, from_micros(worker["lease_until"] - window))
    rows = await resources.database.fetch(_LAST_RECORDED, worker["id"], first)
    if rows:
        resources.updates.announce(Topic.DELIVERIES, [_update(row) for row in rows])


def _update(row: Row) -> Update:
    return Update(
        workspace_id=row["workspace_id"],
        subject_id=row["id"],
        at=row["started_at"],
        event_id=row["event_id"],
        webhook_id=row["webhook_id"],
        event_type=row["event_type"],
        status=DeliveryStatus(row["status"]),
        attempt_id=row["attempt_id"],
    )
