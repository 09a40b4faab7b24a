"""Tries a saved webhook: one signed test request with its stored secrets and credentials, and changes not yet saved.

Nothing is written but to the receiver, so the webhook's health stays as it is. The request goes the way of a delivery:
the same checks, guard, signature and deadline.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from app.access.caller import Caller
from app.database.database import Database
from app.delivery.target import target_of
from app.errors import Problem, Rejected, UserErrorCode, not_found, rejected
from app.ids import EVENT, is_id
from app.keeping import ALL
from app.models import Webhook
from app.registry import Registry
from app.sender.sender import Sender
from app.services import Services
from app.statuses import Scope
from app.test_requests.event_type import chosen_event_type
from app.test_requests.try_connection import ConnectionTried, Content, example_content, send_and_explain
from app.webhooks.change import find_webhook, require_covered
from app.webhooks.configuration import reconfigure
from app.webhooks.fields import WebhookChanges
from app.webhooks.lifecycle import require_unchanged
from app.webhooks.live_secrets import live_secrets
from app.webhooks.rows import read_configuration, write_configuration
from app.webhooks.surroundings import surroundings


@dataclass(frozen=True, slots=True)
class UnsavedChanges:
    """Changes of a webhook to try: which one they are of, the changes, and when that one was changed last."""

    webhook_id: str
    changes: WebhookChanges
    if_updated_at: datetime | None = None


async def try_webhook(
    services: Services,
    sender: Sender,
    caller: Caller,
    webhook_id: str,
    unsaved: UnsavedChanges | None = None,
    event_id: str | None = None,
    event_type: str | None = None,
) -> ConnectionTried:
    """Send one request as the webhook would after the changes.

    Args:
        event_id: the past event to send, as it was published. Needs READ as well.
        event_type: whose example to send otherwise; the first known one that the webhook selects by default.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND for the webhook or the event; all problems of the changes at once, with paths below
            "changes"; or a problem of the event type.
        NotDecrypted: a stored secret or credential cannot be decrypted.
    """
    caller.require(Scope.MANAGE)
    at = services.clock.now()
    webhook = await find_webhook(services.database, caller, webhook_id)
    require_covered(caller, webhook)  # its credentials could otherwise be sent to another URL
    problems: list[Problem] = []
    if unsaved is not None:
        await _apply(problems, services, caller, webhook, unsaved)
    content = await _content(problems, services, caller, webhook, event_id, event_type, at)
    if problems or content is None:
        raise Rejected(problems)
    secrets = (await live_secrets(services.database, [webhook.id], at)).get(webhook.id, [])
    target = target_of(services.cipher, webhook, secrets)
    return await send_and_explain(services, sender, target, content, at)


async def _apply(
    problems: list[Problem], services: Services, caller: Caller, webhook: Webhook, unsaved: UnsavedChanges
) -> None:
    """Change the row that was read, which nobody saves."""
    if unsaved.webhook_id != webhook.id:
        await find_webhook(services.database, caller, unsaved.webhook_id, "changes", "id")
        message = f"The changes are of the webhook {unsaved.webhook_id}; give {webhook.id} as their id."
        problems.append(Problem(message, ("changes", "id"), UserErrorCode.INVALID))
    require_unchanged(webhook, unsaved.if_updated_at, "changes", "ifUpdatedAt")
    found: list[Problem] = []
    current = read_configuration(services.cipher, webhook)
    around = await surroundings(services, caller)
    changed = reconfigure(found, current, unsaved.changes, around)
    problems += [replace(problem, path=("changes", *problem.path)) for problem in found]
    if not found:
        write_configuration(services.cipher, webhook, changed)


async def _content(
    problems: list[Problem],
    services: Services,
    caller: Caller,
    webhook: Webhook,
    event_id: str | None,
    event_type: str | None,
    at: datetime,
) -> Content | None:
    if event_id is not None and event_type is not None:
        message = "Both eventId and eventType are given; give the event to send, or the event type of an example."
        problems.append(Problem(message, ("eventType",), UserErrorCode.INVALID))
        return None
    registry = await services.registries.current(services.database, caller.workspace_id)
    if event_id is not None:
        caller.require(Scope.READ)
        return await _published(services.database, caller, event_id, registry)
    name = chosen_event_type(problems, caller.narrowing.types(registry.event_types), webhook.event_types, event_type)
    if problems:
        return None
    return example_content(registry.event_types[name], at)


async def _published(database: Database, caller: Caller, event_id: str, registry: Registry) -> Content:
    if not is_id(EVENT, event_id):
        raise not_found("event", event_id, "eventId")
    seen, values = caller.narrowing.and_sql("event", after=2)
    statement = f"SELECT type, body, erased_at FROM event WHERE id = $1 AND workspace_id = $2{seen}"
    row = await database.fetch_one(statement, event_id, caller.workspace_id, *values)
    if row is None:
        raise not_found("event", event_id, "eventId")
    if row["erased_at"] is not None:
        message = f"The data of the event {event_id} was erased, so there is nothing to send."
        raise rejected(UserErrorCode.CONFLICT, message, "eventId")
    known = registry.event_types.get(row["type"])
    return Content(event_id, row["body"], ALL if known is None else known.keeping)
