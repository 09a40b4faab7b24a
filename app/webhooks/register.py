"""Makes, changes, pauses, resumes and deletes webhooks: rows, audit entry and announcement.

Refuses to know what a valid webhook is (`app.webhooks.validation`) and how deliveries go out.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.access.caller import Caller
from app.models import Webhook
from app.webhooks.drafts import WebhookChanges, WebhookDraft

if TYPE_CHECKING:
    from app.resources import Resources


@dataclass(frozen=True, slots=True)
class Created:
    """A new webhook, and its secret, which is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)


async def create_webhook(resources: "Resources", caller: Caller, draft: WebhookDraft) -> Created:
    raise NotImplementedError


async def update_webhook(resources: "Resources", caller: Caller, webhook_id: str, changes: WebhookChanges) -> Webhook:
    raise NotImplementedError


async def delete_webhook(resources: "Resources", caller: Caller, webhook_id: str) -> str:
    raise NotImplementedError


async def pause_webhook(resources: "Resources", caller: Caller, webhook_id: str) -> Webhook:
    raise NotImplementedError


async def resume_webhook(resources: "Resources", caller: Caller, webhook_id: str) -> Webhook:
    raise NotImplementedError
