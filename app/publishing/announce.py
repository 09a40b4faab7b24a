"""Announces what was published after its commit: to followers, and to the workers that send deliveries."""

from collections.abc import Callable, Sequence

from app.publishing.commit import NewDelivery, Published
from app.statuses import DeliveryStatus
from app.updates.bus import Updates
from app.updates.update import DeliveryRef, Topic, Update, delivery_changed, feed_grew


def announce_new(updates: Updates, wake: Callable[[Sequence[str]], object], published: Sequence[Published]) -> None:
    """Announce new deliveries and what DISABLED webhooks missed; wake workers for webhooks that receive deliveries."""
    if missed := [row for result in published for row in result.missed]:
        updates.announce(Topic.FEEDS, [feed_grew(row.workspace_id, row.webhook_id, row.created_at) for row in missed])
    deliveries = [delivery for result in published for delivery in result.deliveries]
    if not deliveries:
        return
    updates.announce(Topic.DELIVERIES, [_created(delivery) for delivery in deliveries])
    awake = dict.fromkeys(delivery.webhook_id for delivery in deliveries if delivery.due)
    if awake:
        wake(list(awake))


def _created(delivery: NewDelivery) -> Update:
    ref = DeliveryRef(delivery.id, delivery.workspace_id, delivery.event_id, delivery.webhook_id, delivery.event_type)
    return delivery_changed(ref, delivery.created_at, DeliveryStatus.PENDING)
