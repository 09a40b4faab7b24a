"""The updates that followers see, made from what changed."""

from app.updates.update import Update


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
