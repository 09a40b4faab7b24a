"""Creates a webhook, or changes the one with the same external ID to match the draft, so that a script may run
twice.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from typing import Any

from app.access.caller import Caller
from app.errors import Problem, Rejected, UserErrorCode, rejected
from app.models import Webhook
from app.services import Services
from app.statuses import Scope
from app.texts import MAX_NAME_CHARACTERS
from app.webhooks.drafts import UNSET
from app.webhooks.fields import SETTINGS, Configuration, WebhookChanges, WebhookDraft
from app.webhooks.lifecycle import create_webhook, update_webhook
from app.webhooks.secrets import signs_for

_DEFAULTS = {setting.name: setting.default for setting in fields(Configuration)}


@dataclass(frozen=True, slots=True)
class Upserted:
    """The webhook as it is now; if it was created, with its secret, which is shown only now."""

    webhook: Webhook
    created: bool
    secret: str | None = field(default=None, repr=False)


async def upsert_webhook(services: Services, caller: Caller, external_id: str, draft: WebhookDraft) -> Upserted:
    """Create the webhook of a draft, or change the existing one with this external ID to match the draft.

    A setting that the draft leaves out gets its default in both cases, so that the result does not depend on the
    earlier state. The secret is the exception: a draft without one keeps it.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: as with `create_webhook`; CONFLICT for another signature scheme or secret than the webhook has.
    """
    caller.require(Scope.MANAGE)
    draft = replace(draft, external_id=_agreed(external_id, draft.external_id))
    webhook = await webhook_by_external_id(services, caller, external_id)
    if webhook is None:
        try:
            with _placed_below_webhook():
                created = await create_webhook(services, caller, draft)
        except Rejected:
            # Another request may have created it meanwhile. Otherwise it is refused again below, or here.
            webhook = await webhook_by_external_id(services, caller, external_id)
            if webhook is None:
                raise
        else:
            return Upserted(created.webhook, created=True, secret=created.secret)
    await _require_same_signing(services, webhook, draft)
    with _placed_below_webhook():
        return Upserted(await update_webhook(services, caller, webhook.id, _changes(draft)), created=False)


async def webhook_by_external_id(services: Services, caller: Caller, external_id: str) -> Webhook | None:
    """The webhook of the caller's workspace with an external ID that is not deleted."""
    if "\0" in external_id or len(external_id.strip()) > MAX_NAME_CHARACTERS:
        return None  # no webhook can have it: PostgreSQL cannot store the text, or the column is shorter
    query = Webhook.filter(workspace_id=caller.workspace_id, external_id=external_id.strip(), deleted_at=None)
    found = await query.using_db(services.database.orm).first()
    return found if found is not None and caller.narrowing.sees_webhook(found.id) else None


@contextmanager
def _placed_below_webhook() -> Iterator[None]:
    """Report problems at the paths of upsertWebhook's input, where the external ID stands beside the webhook."""
    try:
        yield
    except Rejected as error:
        placed = [p if p.path[:1] == ("externalId",) else replace(p, path=("webhook", *p.path)) for p in error.problems]
        raise Rejected(placed) from None


def _agreed(external_id: str, of_draft: object) -> str:
    if of_draft not in {None, UNSET, external_id}:
        message = f"The webhook's externalId is another one than {external_id[:64]!r}; leave it out."
        raise rejected(UserErrorCode.INVALID, message, "webhook", "externalId")
    return external_id


def _changes(draft: WebhookDraft) -> WebhookChanges:
    def wanted(name: str) -> Any:
        value = getattr(draft, name)
        if value is None or value is UNSET:
            return None if SETTINGS[name].clearable else _DEFAULTS[name]
        return value

    return WebhookChanges(**{change.name: wanted(change.name) for change in fields(WebhookChanges)})


async def _require_same_signing(services: Services, webhook: Webhook, draft: WebhookDraft) -> None:
    problems = []
    if draft.signature_scheme not in {None, webhook.signature_scheme}:
        message = f"The webhook {webhook.id} signs with {webhook.signature_scheme}, which cannot be changed."
        problems.append(Problem(message, ("webhook", "signatureScheme"), UserErrorCode.CONFLICT))
    if draft.secret is not None and not await signs_for(services, webhook.id, draft.secret.strip()):
        message = f"The webhook {webhook.id} has another secret; rotate it with rotateWebhookSecret."
        problems.append(Problem(message, ("webhook", "secret"), UserErrorCode.CONFLICT))
    if problems:
        raise Rejected(problems)
