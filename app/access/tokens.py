"""Makes short-lived access tokens for browsers: at most the caller's own scopes, and not stored.

A token ends at its time, or with the API key that it was made with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.access import audit
from app.access.authentication import Authenticator
from app.access.caller import Caller, lacking
from app.access.reach import Reach, reach_problems
from app.access.token_signer import MAX_CHARACTERS, Claims
from app.clock import rfc3339
from app.errors import Forbidden, Problem, Rejected, UserErrorCode, rejected
from app.statuses import Scope

MIN_SECONDS = 60
# A browser that stays open longer asks for a new one; a leaked token is worthless the next day.
MAX_SECONDS = 24 * 3600

ALL = Reach()


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, which is shown only now, and when it ends."""

    expires_at: datetime
    token: str = field(repr=False)


async def create_access_token(
    authenticator: Authenticator,
    caller: Caller,
    scopes: Sequence[Scope],
    expires_in_seconds: int,
    reach: Reach = ALL,
) -> AccessToken:
    """Make a token with some of the caller's scopes. It ends when its API key does, at the latest.

    Raises:
        Forbidden: the caller used an access token itself, which cannot prolong its own life; or the token is for
            another workspace, and the caller lacks INSTALLATION.
        Rejected: no scope, a scope that the caller lacks, a time out of bounds, what is wrong with its reach, or
            TOO_LONG for a token that has more to carry than a header can.
    """
    at = authenticator.clock.now()
    problems = _problems(caller, scopes, expires_in_seconds)
    problems += await reach_problems(authenticator.database, caller, reach, scopes)
    if problems:
        raise Rejected(problems)
    key = await authenticator.keys.find(authenticator.database, "key_hash", caller.credential_digest, at)
    if key is None or key.id != caller.api_key_id:
        raise Forbidden("An access token can only be made with an API key, not with another access token.")
    expires_at = at + timedelta(seconds=expires_in_seconds)
    claims = Claims(
        key.id,
        frozenset(scopes),
        min(expires_at, key.expires_at or expires_at),
        workspace_id=None if reach.workspace_id == caller.workspace_id else reach.workspace_id,
        narrowing=reach.narrowing,
        actor=reach.actor(),
    )
    token = authenticator.signer.write(claims)
    _require_short(token)
    async with authenticator.database.transaction() as statements:
        await audit.record(statements, caller, "access_token.created", key.id, _changes(claims), at)
    return AccessToken(claims.expires_at, token)


def _changes(claims: Claims) -> dict[str, list[object]]:
    narrowing, actor = claims.narrowing, claims.actor
    said: dict[str, object] = {
        "scopes": sorted(claims.scopes),
        "expiresAt": rfc3339(claims.expires_at),
        "workspaceId": claims.workspace_id,
        "webhookIds": narrowing.webhook_ids,
        "eventTypes": narrowing.event_types,
        "actor": None if actor is None else {"id": actor.id, "name": actor.name},
    }
    return {name: [None, value] for name, value in said.items() if value is not None}


def _require_short(token: str) -> None:
    if len(token) > MAX_CHARACTERS:
        message = (
            f"The token would have {len(token)} characters; at most {MAX_CHARACTERS} are allowed. Narrow it to fewer"
            ' event types, or to patterns such as "ticket.*".'
        )
        raise rejected(UserErrorCode.TOO_LONG, message, "eventTypes")


def _problems(caller: Caller, scopes: Sequence[Scope], seconds: int) -> list[Problem]:
    problems = []
    if not scopes:
        message = "There is no scope; give at least one of those that you have."
        problems.append(Problem(message, ("scopes",), UserErrorCode.REQUIRED))
    problems += lacking(caller, scopes)
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        message = f"The token would expire in {seconds} seconds; it must be {MIN_SECONDS} to {MAX_SECONDS} (24 hours)."
        problems.append(Problem(message, ("expiresInSeconds",), UserErrorCode.INVALID))
    return problems
