"""The updates that followers see, made from what changed."""

from app.delivery.record import Outcome, Recorded
from app.updates.update import Update


def attempt_recorded(recorded: Recorded, outcome: Outcome) -> Update:
    """A delivery as an attempt left it."""
    claimed = recorded.claimed
    return Update(
        workspace_id=claimed.workspace_id,
        subject_id=claimed.id,
        at=recorded.finished_at,
        event_id=claimed.event_id,
        webhook_id=claimed.webhook_id,
        event_type=claimed.event_type,
        status=outcome.status,
        attempt_id=recorded.attempt_id,
    )


def webhook_changed(workspace_id: str, webhook_id: str, at: int) -> Update:
    """A change of a webhook at `at` (µs); who follows reads the webhook itself."""
    return Update(
        workspace_id=workspace_id,
        subject_id=webhook_id,
        at=at,
        event_id=None,
        webhook_id=webhook_id,
        event_type=None,
        status=None,
        attempt_id=None,
    )
