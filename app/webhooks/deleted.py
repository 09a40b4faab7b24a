"""Cancels the open deliveries of deleted webhooks, in batches, so that no transaction grows with the backlog."""

from datetime import timedelta

from app.clock import to_micros
from app.services import Services
from app.statuses import DeliveryStatus
from app.updates.update import DeliveryRef, Topic, delivery_changed

BATCH = 500
# What a deletion cancels itself, while its caller waits; periodic work does the rest.
MAX_BATCHES = 20
# A publish that runs while a webhook is deleted may add a delivery right after; nothing does so a day later.
LOOK_BACK = timedelta(days=1)

# A process that is sending one of them now records the attempt but no longer changes the delivery.
_CANCEL = """
UPDATE delivery SET status = 'CANCELED', next_attempt_at = NULL, claimed_by = NULL, completed_at = $2
WHERE id IN (
  SELECT id FROM delivery WHERE webhook_id = $1 AND status IN ('PENDING', 'RETRYING') ORDER BY id LIMIT $3
) AND status IN ('PENDING', 'RETRYING')
RETURNING id, workspace_id, event_id, webhook_id, event_type
"""
_LEFT_OVER = """
SELECT w.id FROM webhook w WHERE w.deleted_at > $1
AND EXISTS (SELECT 1 FROM delivery d WHERE d.webhook_id = w.id AND d.status IN ('PENDING', 'RETRYING')) ORDER BY w.id
"""


async def cancel_deliveries(services: Services, webhook_id: str) -> int:
    """Cancel the open deliveries of a deleted webhook, up to a bound; return how many were canceled."""
    canceled = 0
    for _ in range(MAX_BATCHES):
        at = to_micros(services.clock.now())
        rows = await services.database.fetch(_CANCEL, webhook_id, at, BATCH)
        services.updates.announce(
            Topic.DELIVERIES, [delivery_changed(DeliveryRef.of(row), at, DeliveryStatus.CANCELED) for row in rows]
        )
        canceled += len(rows)
        if len(rows) < BATCH:
            break
    return canceled


async def cancel_deliveries_of_deleted(services: Services) -> int:
    """Cancel what deletions of the last day left; periodic. Return how many were canceled."""
    since = to_micros(services.clock.now() - LOOK_BACK)
    return sum(
        [await cancel_deliveries(services, row["id"]) for row in await services.database.fetch(_LEFT_OVER, since)]
    )
