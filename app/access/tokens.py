"""Short-lived access tokens for browsers: signed, never more than the caller's own scopes, stored nowhere.

A token reads `eevt_<claims>.<signature>`, both base64url: the claims are JSON, the signature is HMAC-SHA256 (RFC 2104)
with a key derived from the encryption key by HKDF (RFC 5869), so that it is of no use for anything else. It ends with
its time, and with the API key that it was made with.
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.access import audit
from app.access.caller import Caller
from app.clock import from_micros, rfc3339, to_micros
from app.errors import Forbidden, Problem, Rejected, Unauthenticated, UserErrorCode
from app.statuses import Scope

if TYPE_CHECKING:
    from app.resources import Resources

PREFIX = "eevt_"
MIN_SECONDS = 60
# A browser that is open for longer asks for a new one; a token that leaked is worth nothing the next day.
MAX_SECONDS = 24 * 3600
# Far beyond what the claims can be; says so before anything is decoded.
MAX_CHARACTERS = 1_000

_NOT_VALID = "The access token is not valid."


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token, which is shown this once, and when it ends."""

    expires_at: datetime
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: which API key it was made with, what it may do, and until when."""

    api_key_id: str
    scopes: frozenset[Scope]
    expires_at: datetime


class TokenSigner:
    """Writes tokens and reads them again.

    Args:
        encryption_keys: the newest first; it signs, and the others still verify.
    """

    def __init__(self, encryption_keys: Sequence[bytes]) -> None:
        self._keys = tuple(map(_signing_key, encryption_keys))

    def write(self, claims: Claims) -> str:
        """Return the token that says so."""
        content = orjson.dumps(
            {"key": claims.api_key_id, "scopes": sorted(claims.scopes), "expires": to_micros(claims.expires_at)}
        )
        return f"{PREFIX}{_base64(content)}.{_base64(hmac.digest(self._keys[0], content, 'sha256'))}"

    def read(self, token: str, now: datetime) -> Claims:
        """Return what a token says, if it is one and its time has not come.

        Raises:
            Unauthenticated: it was changed, is none, or has expired.
        """
        content, signature = _parts(token)
        if not any(hmac.compare_digest(signature, hmac.digest(key, content, "sha256")) for key in self._keys):
            raise Unauthenticated(_NOT_VALID)
        said: dict[str, Any] = orjson.loads(content)
        claims = Claims(said["key"], frozenset(map(Scope, said["scopes"])), from_micros(said["expires"]))
        if claims.expires_at <= now:
            raise Unauthenticated(f"The access token expired at {rfc3339(claims.expires_at)}; ask for a new one.")
        return claims


async def create_access_token(
    resources: "Resources", caller: Caller, scopes: Sequence[Scope], expires_in_seconds: int
) -> AccessToken:
    """Make a token with some of the caller's scopes. It ends when its API key does, at the latest.

    Raises:
        Forbidden: the caller came with an access token itself; its life cannot be prolonged.
        Rejected: no scope, one that the caller lacks, or a time out of bounds.
    """
    at = resources.clock.now()
    problems = _problems(caller, scopes, expires_in_seconds)
    if problems:
        raise Rejected(problems)
    key = await resources.keys.find(resources.database, "key_hash", caller.credential_digest, at)
    if key is None or key.id != caller.api_key_id:
        raise Forbidden("An access token can only be made with an API key, not with another access token.")
    expires_at = at + timedelta(seconds=expires_in_seconds)
    claims = Claims(key.id, frozenset(scopes), min(expires_at, key.expires_at or expires_at))
    changes = {"scopes": [None, sorted(claims.scopes)], "expiresAt": [None, rfc3339(claims.expires_at)]}
    async with resources.database.transaction() as statements:
        await audit.record(statements, caller, "access_token.created", key.id, changes, at)
    return AccessToken(claims.expires_at, resources.tokens.write(claims))


def _problems(caller: Caller, scopes: Sequence[Scope], seconds: int) -> list[Problem]:
    problems = []
    if not scopes:
        message = "There is no scope; give at least one of those that you have."
        problems.append(Problem(message, ("scopes",), UserErrorCode.REQUIRED))
    for index, scope in enumerate(scopes):
        if scope not in caller.scopes:
            held = ", ".join(sorted(caller.scopes))
            message = f"You do not have the scope {scope} and cannot pass it on; you have {held}."
            problems.append(Problem(message, ("scopes", str(index)), UserErrorCode.INVALID))
    if not MIN_SECONDS <= seconds <= MAX_SECONDS:
        message = f"The token would expire in {seconds} seconds; it must be {MIN_SECONDS} to {MAX_SECONDS} (24 hours)."
        problems.append(Problem(message, ("expiresInSeconds",), UserErrorCode.INVALID))
    return problems


def _parts(token: str) -> tuple[bytes, bytes]:
    content, dot, signature = token.removeprefix(PREFIX).partition(".")
    if len(token) > MAX_CHARACTERS or not dot:
        raise Unauthenticated(_NOT_VALID)
    try:
        return _from_base64(content), _from_base64(signature)
    except ValueError:
        raise Unauthenticated(_NOT_VALID) from None


def _signing_key(encryption_key: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"eev access token").derive(encryption_key)


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError):
        raise ValueError("not base64") from None
