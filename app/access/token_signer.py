"""Writes and reads access tokens. Pure: claims in, text out.

A token is `eevt_<claims>.<signature>`, both in base64url. The claims are JSON; the signature is HMAC-SHA256 (RFC 2104)
with a key that HKDF (RFC 5869) derives from the encryption key, so that it serves no other purpose.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.access.actor import Actor
from app.access.narrowing import EVERYTHING, Narrowing
from app.clock import from_micros, rfc3339, to_micros
from app.errors import Unauthenticated
from app.statuses import ActorKind, Scope

PREFIX = "eevt_"
# Far longer than any claims; checked before anything is decoded.
MAX_CHARACTERS = 4_000

# Signed together with claims beyond key, scopes and time. A server of an earlier version would overlook these claims
# and show too much; so it finds the signature wrong.
_BEYOND = b"beyond:"

_NOT_VALID = "The access token is not valid."


@dataclass(frozen=True, slots=True)
class Claims:
    """Contents of a token: which API key it was made with, what it may do, and until when.

    Attributes:
        workspace_id: another workspace than the key's.
        actor: the person that it acts for.
    """

    api_key_id: str
    scopes: frozenset[Scope]
    expires_at: datetime
    workspace_id: str | None = None
    narrowing: Narrowing = EVERYTHING
    actor: Actor | None = None

    @property
    def _reach(self) -> dict[str, Any]:
        """What there is to say beyond key, scopes and time."""
        narrowing, actor = self.narrowing, self.actor
        said = {
            "workspace": self.workspace_id,
            "webhooks": narrowing.webhook_ids,
            "types": narrowing.event_types,
            "actor": None if actor is None else [actor.id, actor.name],
        }
        return {name: value for name, value in said.items() if value is not None}

    def content(self) -> bytes:
        """The claims as JSON."""
        said = {"key": self.api_key_id, "scopes": sorted(self.scopes), "expires": to_micros(self.expires_at)}
        return orjson.dumps(said | self._reach)

    @property
    def is_plain(self) -> bool:
        """Whether the token reaches as far as its key."""
        return not self._reach

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Claims":
        """The claims that JSON stands for."""
        actor = said.get("actor")
        return cls(
            said["key"],
            frozenset(map(Scope, said["scopes"])),
            from_micros(said["expires"]),
            workspace_id=said.get("workspace"),
            narrowing=Narrowing.of(said.get("webhooks"), said.get("types")),
            actor=None if actor is None else Actor(ActorKind.PERSON, *actor),
        )


class TokenSigner:
    """Writes and reads tokens.

    Args:
        encryption_keys: newest first; the newest signs, and all verify.
    """

    def __init__(self, encryption_keys: Sequence[bytes]) -> None:
        self._keys = tuple(map(_signing_key, encryption_keys))

    def write(self, claims: Claims) -> str:
        """Return the token with these claims."""
        content = claims.content()
        signature = hmac.digest(self._keys[0], content if claims.is_plain else _BEYOND + content, "sha256")
        return f"{PREFIX}{_base64(content)}.{_base64(signature)}"

    def read(self, token: str, now: datetime) -> Claims:
        """Return a token's claims, if it is valid and not expired.

        Raises:
            Unauthenticated: it was changed, is not a token, or has expired.
        """
        content, signature = _parts(token)
        if not any(self._signed(signature, text) for text in (content, _BEYOND + content)):
            raise Unauthenticated(_NOT_VALID)
        claims = Claims.of(orjson.loads(content))
        if claims.expires_at <= now:
            raise Unauthenticated(f"The access token expired at {rfc3339(claims.expires_at)}; ask for a new one.")
        return claims

    def _signed(self, signature: bytes, text: bytes) -> bool:
        return any(hmac.compare_digest(signature, hmac.digest(key, text, "sha256")) for key in self._keys)


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
    """Read base64 exactly as `_base64` writes it, so that no two texts mean the same bytes; ValueError for any other
    text.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError):
        raise ValueError("not base64") from None
    if _base64(data) != text:
        raise ValueError("not written as an encoder writes it")
    return data
