"""Signing secrets: rotates, revokes and reveals them.

This module does not know how requests are signed (`app.signing`). A secret is encrypted for its own row's ID. In every
function, a webhook of another workspace behaves like one that never existed.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.access import audit
from app.access.caller import Caller
from app.database.database import Statements
from app.encryption import Cipher, NotDecrypted
from app.errors import Problem, Rejected, UserErrorCode, not_found, rejected
from app.ids import SECRET, new_id
from app.models import Secret, Webhook
from app.services import Services
from app.signing import InvalidSecret, new_secret, parse_secret, public_key, secret_hint
from app.statuses import Scope, SecretStatus, SignatureScheme
from app.webhooks.change import Change, changing, find_webhook, require_covered
from app.webhooks.live_secrets import live_secrets, secret_status

# Every live secret signs every request: more than a few make a long header, and are a sign of rotations gone wrong.
MAX_LIVE_SECRETS = 5
MAX_OVERLAP_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Rotated:
    """The webhook, and its new secret, which is shown only now."""

    webhook: Webhook
    secret: str = field(repr=False)


async def rotate_secret(
    services: Services, caller: Caller, webhook_id: str, secret: str | None, overlap_seconds: int
) -> Rotated:
    """Sign with a new secret from now on, and with the present one as well until the overlap ends (0: not at all).

    Raises:
        Forbidden: the caller lacks SECRETS.
        Rejected: NOT_FOUND; problems of the secret or the overlap; CONFLICT for a secret that signs already;
            TOO_MANY live secrets.
    """
    caller.require(Scope.SECRETS)
    async with changing(services, caller, webhook_id) as change:
        problems: list[Problem] = []
        new = signing_secret(problems, secret, change.webhook.signature_scheme)
        if not 0 <= overlap_seconds <= MAX_OVERLAP_SECONDS:
            message = f"The overlap is {overlap_seconds}; it must be 0 to {MAX_OVERLAP_SECONDS} seconds (7 days)."
            problems.append(Problem(message, ("overlapSeconds",), UserErrorCode.INVALID))
        if problems:
            raise Rejected(problems)
        live = (await live_secrets(change.statements, [webhook_id], change.at)).get(webhook_id, [])
        _require_new(services.cipher, live, new)
        if overlap_seconds and len(live) >= MAX_LIVE_SECRETS:
            message = (
                f"The webhook has {len(live)} live secrets; at most {MAX_LIVE_SECRETS} are allowed. Revoke one first."
            )
            raise rejected(UserErrorCode.TOO_MANY, message, "id")
        await replace_current(services.cipher, change, live, new, timedelta(seconds=overlap_seconds))
    return Rotated(change.webhook, new)


async def revoke_secret(services: Services, caller: Caller, webhook_id: str, secret_id: str) -> Webhook:
    """End the overlap of an expiring secret now.

    Raises:
        Forbidden: the caller lacks SECRETS.
        Rejected: NOT_FOUND; CONFLICT for the current secret.
    """
    caller.require(Scope.SECRETS)
    async with changing(services, caller, webhook_id) as change:
        live = (await live_secrets(change.statements, [webhook_id], change.at)).get(webhook_id, [])
        secret = next((secret for secret in live if secret.id == secret_id), None)
        if secret is None:
            raise not_found("secret", secret_id, "secretId")
        if secret_status(secret) is SecretStatus.CURRENT:
            message = f"The secret {secret_id} is the current one, without which nothing is signed; rotate first."
            raise rejected(UserErrorCode.CONFLICT, message, "secretId")
        await secret.delete(using_db=change.statements.orm)
        await change.record("secret.revoked", {"secrets": [secret.id, None]})
    return change.webhook


async def reveal_secret(services: Services, caller: Caller, webhook_id: str) -> str:
    """The current secret in clear. The audit log records that it was shown.

    Raises:
        Forbidden: the caller lacks SECRETS.
        Rejected: NOT_FOUND.
        NotDecrypted: its key is not configured, or the row was changed in the database.
    """
    caller.require(Scope.SECRETS)
    at = services.clock.now()
    async with services.database.transaction() as statements:
        require_covered(caller, await find_webhook(statements, caller, webhook_id))
        current = (await live_secrets(statements, [webhook_id], at))[webhook_id][0]
        text = services.cipher.decrypt(current.secret, current.id)
        await audit.record(statements, caller, "secret.revealed", webhook_id, None, at)
    return text


async def signs_for(services: Services, webhook_id: str, text: str) -> bool:
    """Whether a secret is one of those that now sign for a webhook."""
    live = await live_secrets(services.database, [webhook_id], services.clock.now())
    return any(_is(services.cipher, secret, text) for secret in live.get(webhook_id, []))


def signing_secret(problems: list[Problem], given: str | None, scheme: SignatureScheme) -> str:
    """The given secret if it fits the scheme, or a new one if none was given."""
    if given is None:
        return new_secret(scheme)
    text = given.strip()
    try:
        found = parse_secret(text).scheme
    except InvalidSecret as error:
        problems.append(Problem(str(error), ("secret",), UserErrorCode.INVALID))
        return text
    if found is not scheme:
        message = f"The secret is for {found}, but the webhook signs with {scheme}; give one for that, or none."
        problems.append(Problem(message, ("secret",), UserErrorCode.INVALID))
    return text


async def add_secret(statements: Statements, cipher: Cipher, webhook: Webhook, text: str, at: datetime) -> Secret:
    """Write a secret as the current one of a webhook that has none."""
    secret_id = new_id(SECRET, at)
    secret = Secret(
        id=secret_id,
        workspace_id=webhook.workspace_id,
        webhook_id=webhook.id,
        secret=cipher.encrypt(text, secret_id),
        hint=secret_hint(text),
        public_key=public_key(text),
        created_at=at,
    )
    await secret.save(using_db=statements.orm, force_create=True)
    return secret


async def replace_current(
    cipher: Cipher, change: Change, live: Sequence[Secret], text: str, overlap: timedelta
) -> None:
    """Make `text` the current secret, let the present one end after the overlap, and set when the next rotation is
    due.
    """
    webhook, orm = change.webhook, change.statements.orm
    current = next((secret for secret in live if secret_status(secret) is SecretStatus.CURRENT), None)
    if current is not None and overlap:
        current.expires_at = change.at + overlap
        await current.save(using_db=orm, update_fields=["expires_at"])
    elif current is not None:
        await current.delete(using_db=orm)
    added = await add_secret(change.statements, cipher, webhook, text, change.at)
    schedule_rotation(webhook, change.at)
    await change.record("secret.rotated", {"currentSecret": [current.id if current else None, added.id]})


def schedule_rotation(webhook: Webhook, at: datetime) -> None:
    """Set when the next automatic rotation is due, counted from `at`."""
    days = webhook.rotate_secret_every_days
    webhook.next_secret_rotation_at = None if days is None else at + timedelta(days=days)


def _require_new(cipher: Cipher, live: Sequence[Secret], text: str) -> None:
    if any(_is(cipher, secret, text) for secret in live):
        message = "This secret signs for the webhook already; give another one, or none to have it made."
        raise rejected(UserErrorCode.CONFLICT, message, "secret")


def _is(cipher: Cipher, secret: Secret, text: str) -> bool:
    try:
        return hmac.compare_digest(cipher.decrypt(secret.secret, secret.id), text)
    except NotDecrypted:
        return False  # Whatever is stored, a rotation replaces it.
