"""Creates, changes, pauses, resumes and deletes webhooks: rows, audit entry and announcement.

This module knows neither what a valid webhook is (`app.webhooks.validation`) nor how deliveries are sent. In every
function, a webhook of another workspace behaves like one that never existed.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from tortoise.exceptions import IntegrityError

from app.access import audit
from app.access.caller import Caller
from app.clock import rfc3339
from app.database.database import Statements
from app.database.errors import UniqueViolation, in_own_words
from app.errors import Forbidden, Problem, Rejected, UserErrorCode, rejected
from app.ids import WEBHOOK, new_id
from app.models import Secret, Webhook
from app.services import Services
from app.statuses import AuthenticationKind, ChangeKind, Scope, WebhookStatus, WebhookStatusReason
from app.webhooks.change import Change, announce, changing, raise_registry_version
from app.webhooks.configuration import configure, reconfigure
from app.webhooks.credentials import seal_headers
from app.webhooks.deleted import cancel_deliveries
from app.webhooks.fields import Configuration, WebhookChanges, WebhookDraft
from app.webhooks.rows import differences, read_configuration, write_configuration
from app.webhooks.secrets import add_secret, schedule_rotation, signing_secret
from app.webhooks.surroundings import surroundings
from app.webhooks.urls import shown_url
from app.webhooks.validation.setting import Surroundings


@dataclass(frozen=True, slots=True)
class Created:
    """A new webhook, its secret, which is shown only now, and a sentence if it resembles another one."""

    webhook: Webhook
    secret: str = field(repr=False)
    warning: str | None = None


async def create_webhook(services: Services, caller: Caller, draft: WebhookDraft) -> Created:
    """Create a webhook that receives events published from now on.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: all problems of the draft at once, or TOO_MANY webhooks.
    """
    caller.require(Scope.MANAGE)
    if caller.narrowing.webhook_ids is not None:
        raise Forbidden("Your token is narrowed to certain webhooks and cannot create others.")
    problems: list[Problem] = []
    configuration = configure(problems, draft, await surroundings(services, caller))
    problems = _with_those_beyond(caller, configuration.event_types, problems)
    secret = signing_secret(problems, draft.secret, configuration.signature_scheme)
    if problems:
        raise Rejected(problems)
    webhook = _new_webhook(services, caller.workspace_id, configuration)
    at = webhook.created_at
    with _external_id_taken(configuration.external_id):
        async with services.database.transaction() as statements:
            # First, because its lock makes counting safe.
            webhook.registry_version = await raise_registry_version(statements, caller.workspace_id)
            await _require_room(services, statements, webhook)
            warning = await _warning(statements, webhook)
            await webhook.save(using_db=statements.orm, force_create=True)
            await add_secret(statements, services.cipher, webhook, secret, at)
            await audit.record(statements, caller, "webhook.created", webhook.id, differences(None, configuration), at)
    announce(services, caller.workspace_id, [webhook.id], at, ChangeKind.CREATED)
    return Created(webhook, secret, warning)


async def update_webhook(
    services: Services,
    caller: Caller,
    webhook_id: str,
    changes: WebhookChanges,
    if_updated_at: datetime | None = None,
) -> Webhook:
    """Change the given fields and leave the rest as they are. Waiting deliveries are sent with the changed settings.

    Args:
        if_updated_at: change it only if this, to the millisecond, is still the time of its last change.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND; CONFLICT if it was changed since `if_updated_at`; or all problems of the changes at once.
    """
    caller.require(Scope.MANAGE)
    around = await surroundings(services, caller)
    given = changes.external_id if isinstance(changes.external_id, str) else None
    with _external_id_taken(given):
        return await _update(services, caller, webhook_id, changes, if_updated_at, around)


async def _update(
    services: Services,
    caller: Caller,
    webhook_id: str,
    changes: WebhookChanges,
    if_updated_at: datetime | None,
    around: Surroundings,
) -> Webhook:
    async with changing(services, caller, webhook_id) as change:
        webhook = change.webhook
        require_unchanged(webhook, if_updated_at, "ifUpdatedAt")
        problems: list[Problem] = []
        old = read_configuration(services.cipher, webhook)
        new = reconfigure(problems, old, changes, around)
        problems = _with_those_beyond(caller, new.event_types, problems)
        if caller.narrowing.webhook_ids is not None and new.external_id != old.external_id:
            # A conflict would reveal the external ID of a webhook that the token does not see.
            message = "Your token is narrowed to certain webhooks and cannot change an external ID; leave it as it is."
            problems.append(Problem(message, ("externalId",), UserErrorCode.INVALID))
        if problems:
            raise Rejected(problems)
        changed = differences(old, new)
        if changed:
            write_configuration(services.cipher, webhook, new)
            if old.rotate_secret_every_days != new.rotate_secret_every_days:
                schedule_rotation(webhook, change.at)
            await change.record("webhook.updated", changed)
    return webhook


async def pause_webhook(services: Services, caller: Caller, webhook_id: str) -> Webhook:
    """Hold deliveries back until `resume_webhook`. Pausing a paused webhook changes nothing; a disabled one becomes
    paused, so that new events are queued for it again.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND.
    """
    caller.require(Scope.MANAGE)
    async with changing(services, caller, webhook_id) as change:
        if change.webhook.status is not WebhookStatus.PAUSED:
            await change.record("webhook.paused", _set_status(change, WebhookStatus.PAUSED))
    return change.webhook


async def resume_webhook(services: Services, caller: Caller, webhook_id: str) -> Webhook:
    """Send waiting and new deliveries again, and reset the receiver's run of failures.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND.
    """
    caller.require(Scope.MANAGE)
    async with changing(services, caller, webhook_id) as change:
        webhook = change.webhook
        if webhook.status is not WebhookStatus.ACTIVE or webhook.consecutive_failures or webhook.held_until:
            changes = _set_status(change, WebhookStatus.ACTIVE)
            if webhook.held_until is not None:
                changes["heldUntil"] = [rfc3339(webhook.held_until), None]
            webhook.failing_since = webhook.held_until = None
            webhook.consecutive_failures = 0
            await change.record("webhook.resumed", changes)
    services.waker.wake([webhook_id])
    return webhook


async def delete_webhook(services: Services, caller: Caller, webhook_id: str) -> str:
    """Delete a webhook with its secrets, credentials and problems, and cancel its open deliveries. Past ones stay.

    Returns:
        Its ID.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND.
    """
    caller.require(Scope.MANAGE)
    async with changing(services, caller, webhook_id) as change:
        webhook = change.webhook
        webhook.deleted_at = change.at
        webhook.headers = seal_headers(services.cipher, webhook.id, ())
        webhook.authentication_kind = AuthenticationKind.NONE
        webhook.authentication_username = webhook.authentication_credential = None
        webhook.url, webhook.url_query = shown_url(webhook.url), None
        webhook.next_secret_rotation_at = None
        await (
            Secret.filter(webhook_id=webhook.id, workspace_id=caller.workspace_id)
            .using_db(change.statements.orm)
            .delete()
        )
        await change.statements.execute("DELETE FROM problem WHERE webhook_id = $1", webhook.id)
        await change.record("webhook.deleted", {"name": [webhook.name, None], "url": [webhook.url, None]})
    await cancel_deliveries(services, webhook_id)
    return webhook_id


def _with_those_beyond(caller: Caller, event_types: Sequence[str], problems: list[Problem]) -> list[Problem]:
    """The problems, with one for each event type that the caller's token does not cover, whether or not it exists."""
    covered = ", ".join(caller.narrowing.event_types or ())
    beyond = [
        Problem(
            f"Your token does not cover {event_types[index]}; it covers {covered}.",
            ("eventTypes", str(index)),
            UserErrorCode.INVALID,
        )
        for index in caller.narrowing.uncovered(event_types)
    ]
    paths = {problem.path for problem in beyond}
    return [*(problem for problem in problems if problem.path not in paths), *beyond]


@contextmanager
def _external_id_taken(external_id: str | None) -> Iterator[None]:
    """Refuse an external ID that the unique index rejects."""
    try:
        yield
    except (IntegrityError, UniqueViolation) as error:
        if external_id is None or not isinstance(in_own_words(error), UniqueViolation):
            raise
        message = f"Another webhook has the externalId {external_id[:64]!r}; upsertWebhook changes that one."
        raise rejected(UserErrorCode.TAKEN, message, "externalId") from None


def require_unchanged(webhook: Webhook, if_updated_at: datetime | None, *path: str) -> None:
    """Make sure that a webhook was last changed at this time, to the millisecond, if one is given.

    Raises:
        Rejected: CONFLICT.
    """
    if if_updated_at is not None and rfc3339(if_updated_at) != rfc3339(webhook.updated_at):
        message = (
            f"The webhook was changed at {rfc3339(webhook.updated_at)}, not at {rfc3339(if_updated_at)}; look at it as"
            " it is now, and change it then."
        )
        raise rejected(UserErrorCode.CONFLICT, message, *path)


async def _warning(statements: Statements, webhook: Webhook) -> str | None:
    if webhook.url_query is not None:
        return None  # queries are encrypted, so it is not known whether another one is equal
    same = Webhook.filter(
        url_query=None, workspace_id=webhook.workspace_id, name=webhook.name, url=webhook.url, deleted_at=None
    ).using_db(statements.orm)
    other = await same.first()
    if other is None:
        return None
    return (
        f"The webhook {other.id} has the same name and URL, so its receiver gets events twice. Give an externalId to"
        " upsertWebhook for a script that may run twice."
    )


def _new_webhook(services: Services, workspace_id: str, configuration: Configuration) -> Webhook:
    at = services.clock.now()
    webhook = Webhook(
        id=new_id(WEBHOOK, at),
        workspace_id=workspace_id,
        status=WebhookStatus.ACTIVE,
        status_changed_at=at,
        created_at=at,
        updated_at=at,
    )
    write_configuration(services.cipher, webhook, configuration)
    schedule_rotation(webhook, at)
    return webhook


async def _require_room(services: Services, statements: Statements, webhook: Webhook) -> None:
    """Refuse a webhook beyond the limit. Counts only if there may be too many, because counting costs more the more
    there are.
    """
    most = services.settings.max_webhooks_per_workspace
    registry = services.registries.at_hand(webhook.workspace_id)
    # Each version since then, apart from this one, may have added one.
    if registry is not None and registry.webhooks + webhook.registry_version - registry.version - 1 < most:
        return
    row = await statements.fetch_one(
        "SELECT count(*) AS webhooks FROM webhook WHERE workspace_id = $1 AND deleted_at IS NULL", webhook.workspace_id
    )
    if row is not None and row["webhooks"] >= most:
        message = (
            f"The workspace has {row['webhooks']} webhooks; at most {most} are allowed. Delete one that is not used."
        )
        raise rejected(UserErrorCode.TOO_MANY, message)


def _set_status(change: Change, status: WebhookStatus) -> dict[str, list[object]]:
    webhook = change.webhook
    if webhook.status is status:
        return {}
    changes: dict[str, list[object]] = {"status": [webhook.status, status]}
    if webhook.status_reason is not None:
        changes["statusReason"] = [webhook.status_reason, None]
    webhook.status, webhook.status_reason, webhook.status_changed_at = status, None, change.at
    webhook.status_reason_code = WebhookStatusReason.PERSON if status is WebhookStatus.PAUSED else None
    return changes
