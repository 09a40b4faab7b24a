"""Webhooks with secrets or credentials that cannot be decrypted: their deliveries wait, and the webhook says why.

The webhook is held back for a while at a time, because the key may be restored or another process may have it. A
process that can read it again removes the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.statuses import WebhookStatusReason
from app.webhooks.status_reason import StatusReasons

log = structlog.get_logger()

HELD_FOR = timedelta(seconds=60)
REASON = (
    "The webhook's secrets or credentials cannot be decrypted, so its deliveries wait. Give the server the encryption"
    " key that encrypted them, rotate the secret, or replace the webhook."
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Records which webhooks cannot be read, and which can be read again."""

    reasons: StatusReasons

    async def hold(self, errors: Mapping[str, Exception]) -> None:
        """Hold webhooks back; `errors` says why each cannot be read."""
        for webhook_id, error in sorted(errors.items()):
            log.error("webhook.unreadable", webhook_id=webhook_id, error=str(error))
            code = WebhookStatusReason.UNREADABLE_SECRETS
            await self.reasons.say(webhook_id, code, REASON, "webhook.held", HELD_FOR)

    async def release(self, webhook_ids: Sequence[str]) -> None:
        """Remove the reason from webhooks that can be read again."""
        for webhook_id in sorted(webhook_ids):
            await self.reasons.withdraw(webhook_id, WebhookStatusReason.UNREADABLE_SECRETS, "webhook.released")
