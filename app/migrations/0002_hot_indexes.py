"""Indexes of the hot tables, each for one named statement or list.

Kept few: every index is paid for by every delivery. Those on a delivery's state cover only unfinished rows, so a table
of millions of finished deliveries costs the worker nothing.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

_INDEXES = {
    # Publishing with an idempotency key: of two concurrent inserts, the second is refused.
    "event_idempotency": "UNIQUE INDEX {} ON event (workspace_id, idempotency_key) WHERE idempotency_key IS NOT NULL",
    # Lists of events, newest first, and of one type.
    "event_workspace": "INDEX {} ON event (workspace_id, id)",
    "event_workspace_type": "INDEX {} ON event (workspace_id, type, id)",
    # One event goes to one webhook once; also the deliveries of an event.
    "delivery_event_webhook": "UNIQUE INDEX {} ON delivery (event_id, webhook_id)",
    # Lists of deliveries, newest first.
    "delivery_workspace": "INDEX {} ON delivery (workspace_id, id)",
    "delivery_webhook": "INDEX {} ON delivery (webhook_id, id)",
    # Lists of deliveries that failed or still wait: small parts of a big table.
    "delivery_workspace_not_succeeded": ("INDEX {} ON delivery (workspace_id, status, id) WHERE status <> 'SUCCEEDED'"),
    "delivery_webhook_not_succeeded": "INDEX {} ON delivery (webhook_id, status, id) WHERE status <> 'SUCCEEDED'",
    # Claiming: due deliveries of one webhook, first attempts and retries each in order.
    "delivery_due": (
        "INDEX {} ON delivery (webhook_id, status, next_attempt_at, id)"
        " WHERE claimed_by IS NULL AND next_attempt_at IS NOT NULL"
    ),
    # Whether an earlier delivery of an ordering key is still open.
    "delivery_ordering": (
        "INDEX {} ON delivery (webhook_id, ordering_key, id)"
        " WHERE ordering_key IS NOT NULL AND status IN ('PENDING', 'RETRYING')"
    ),
    # Deliveries being sent right now: counted per webhook, and freed when their worker is gone.
    "delivery_claimed": "INDEX {} ON delivery (webhook_id, claimed_by) WHERE claimed_by IS NOT NULL",
    # The attempts of a delivery, and of a webhook over time (statistics).
    "attempt_delivery": "INDEX {} ON attempt (delivery_id, id)",
    "attempt_webhook": "INDEX {} ON attempt (webhook_id, id)",
    "attempt_workspace": "INDEX {} ON attempt (workspace_id, id)",
}


class Migration(migrations.Migration):
    """Creates the indexes above; the same SQL on both databases."""

    dependencies = [("app", "0001_initial")]

    operations = [
        ops.RunSQL("CREATE " + definition.format(name), reverse_sql=f"DROP INDEX {name}")
        for name, definition in _INDEXES.items()
    ]
