"""Signs and verifies requests according to Standard Webhooks 1.0.0. Pure: a secret, bytes and a time in, a header out.

Source: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md. The signed text is
`{id}.{timestamp}.{body}`.

    | scheme      | secret                                 | shared with the receiver | signature            |
    |-------------|----------------------------------------|--------------------------|----------------------|
    | HMAC_SHA256 | `whsec_` and base64 of 24 to 64 bytes  | the secret               | `v1,` and base64     |
    | ED25519     | `whsk_` and base64 of the 32-byte seed | `whpk_` and its base64   | `v1a,` and base64    |

The specification says of `whsk_` keys only "standard". Its reference library takes the 32-byte seed; Svix writes the
seed and the public key, 64 bytes. Both are read here, and the first is made. This module does not know where secrets
are kept, and shows none in a message or a repr.
"""

import base64
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.statuses import SignatureScheme

_HMAC_SECRET = "whsec_"  # noqa: S105 - a prefix
_ED25519_SECRET = "whsk_"  # noqa: S105 - a prefix
_ED25519_PUBLIC = "whpk_"
_VERSIONS = {SignatureScheme.HMAC_SHA256: "v1", SignatureScheme.ED25519: "v1a"}

_SHORTEST_SECRET_BYTES, _LONGEST_SECRET_BYTES = 24, 64
# At least as long as the hash (RFC 2104, section 3), and a multiple of three, so that its base64 needs no padding.
_NEW_SECRET_BYTES = 36
_SEED_BYTES = 32

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class InvalidSecret(Exception):
    """A text is not a secret; the message is a sentence that says why and never quotes it."""


class SignatureRejected(Exception):
    """A request is not from a holder of the secret, or not recent; the message is a sentence that says why."""


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A secret, read and prepared once, so that a signature with it is cheap. May be shared by threads."""

    scheme: SignatureScheme
    _signature_of: Callable[[bytes], bytes] = field(repr=False)

    def sign(self, content: bytes) -> str:
        """Return the signature of the content as written in the header, e.g. `v1,g0hM…`."""
        return f"{_VERSIONS[self.scheme]},{_base64(self._signature_of(content))}"


def parse_secret(text: str) -> SigningKey:
    """Read a `whsec_` or `whsk_` secret.

    Raises:
        InvalidSecret: it is not one, or it is a public key.
    """
    if text.startswith(_HMAC_SECRET):
        secret = _hmac_secret(text)
        # A prepared HMAC to copy would be 0.3 µs faster, of 1.5: not worth its state.
        return SigningKey(SignatureScheme.HMAC_SHA256, lambda content: hmac.digest(secret, content, "sha256"))
    if text.startswith(_ED25519_SECRET):
        return SigningKey(SignatureScheme.ED25519, _ed25519_secret(text).sign)
    if text.startswith(_ED25519_PUBLIC):
        raise InvalidSecret(f"This is a public key, which cannot sign; the secret key begins with {_ED25519_SECRET}.")
    raise InvalidSecret(
        f"This is no secret: a secret begins with {_HMAC_SECRET} (HMAC-SHA256) or {_ED25519_SECRET} (ed25519)."
    )


def new_secret(scheme: SignatureScheme) -> str:
    """Make a random secret."""
    match scheme:
        case SignatureScheme.HMAC_SHA256:
            return _HMAC_SECRET + _base64(secrets.token_bytes(_NEW_SECRET_BYTES))
        case SignatureScheme.ED25519:
            return _ED25519_SECRET + _base64(secrets.token_bytes(_SEED_BYTES))


def public_key(secret: str) -> str | None:
    """Return the `whpk_` key that verifies signatures of a `whsk_` secret; None for other secrets.

    Raises:
        InvalidSecret: the text begins like a `whsk_` secret but is not one.
    """
    if not secret.startswith(_ED25519_SECRET):
        return None
    return _ED25519_PUBLIC + _base64(_ed25519_secret(secret).public_key().public_bytes_raw())


def secret_hint(secret: str) -> str:
    """Return the last four characters, by which a person tells secrets apart."""
    return secret[-4:]


def sign(keys: Sequence[SigningKey], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of the `webhook-signature` header: one signature per key, in order, space-separated.

    Args:
        keys: the current key first, then those with a rotation overlap that has not ended.
        message_id: the value of the `webhook-id` header.
        timestamp: the value of the `webhook-timestamp` header, in seconds since the epoch.
        body: exactly the bytes that will be sent.

    Raises:
        ValueError: there is no key, or a full stop in the ID, which receivers could not tell from the separator.
    """
    if not keys:
        raise ValueError(f"There is no key to sign {message_id} with; at least one is needed.")
    if "." in message_id:
        raise ValueError(f"The message id {message_id!r} holds a full stop, which separates what is signed.")
    content = _signed_content(message_id, str(timestamp), body)
    return " ".join([key.sign(content) for key in keys])


def verify(
    secret_or_public_key: str, headers: Mapping[str, str], body: bytes, now: datetime, tolerance_seconds: int = 300
) -> None:
    """Check a request as its receiver would.

    Args:
        secret_or_public_key: `whsec_`, `whpk_` or `whsk_`.
        headers: of the request; names are case-insensitive.
        body: exactly the bytes received.
        now: an aware time.
        tolerance_seconds: how far the timestamp may lie from now, in either direction.

    Raises:
        SignatureRejected: a header is missing or malformed, the timestamp too far off, or no signature matches.
        InvalidSecret: the key cannot be read.
    """
    version, matches = _verifier(secret_or_public_key)
    values = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp, signatures = (
        _header(values, f"webhook-{name}") for name in ("id", "timestamp", "signature")
    )
    _check_time(timestamp, now, tolerance_seconds)
    if "." in message_id:
        raise SignatureRejected(
            "The header webhook-id holds a full stop, so what was signed could be read in two ways."
        )
    candidates = [text for text in signatures.split(" ") if text.startswith(f"{version},")]
    if not candidates:
        raise SignatureRejected(f"The header webhook-signature holds no {version} signature, which this key verifies.")
    content = _signed_content(message_id, timestamp, body)
    if not any(matches(content, candidate) for candidate in candidates):
        raise SignatureRejected("No signature matches: it was made with another secret, or the request was changed.")


def _header(values: Mapping[str, str], name: str) -> str:
    value = values.get(name, "")
    if not value:
        raise SignatureRejected(f"The header {name} is missing.")
    if not value.isascii():
        raise SignatureRejected(f"The header {name} holds characters that are not ASCII.")
    return value


def _check_time(timestamp: str, now: datetime, tolerance_seconds: int) -> None:
    if _TIMESTAMP.fullmatch(timestamp) is None:
        raise SignatureRejected("The header webhook-timestamp is not a whole number of seconds since the epoch.")
    age_seconds = now.timestamp() - int(timestamp)
    if abs(age_seconds) > tolerance_seconds:
        off = f"{abs(age_seconds):.0f} s {'old' if age_seconds > 0 else 'in the future'}"
        raise SignatureRejected(f"The timestamp is {off}; at most {tolerance_seconds} s are allowed.")


def _verifier(text: str) -> tuple[str, Callable[[bytes, str], bool]]:
    """Return the version of signatures that a key verifies, and the check of a content and a signature of the
    header.
    """
    if not text.startswith((_HMAC_SECRET, _ED25519_SECRET, _ED25519_PUBLIC)):
        raise InvalidSecret(
            f"This is neither a secret nor a public key: a secret begins with {_HMAC_SECRET} (HMAC-SHA256) or"
            f" {_ED25519_SECRET} (ed25519), a public key with {_ED25519_PUBLIC} (ed25519)."
        )
    public_text = text if text.startswith(_ED25519_PUBLIC) else public_key(text)
    if public_text is None:
        key = parse_secret(text)
        return _VERSIONS[key.scheme], lambda content, made: hmac.compare_digest(key.sign(content), made)
    public = _ed25519_public(public_text)
    return _VERSIONS[SignatureScheme.ED25519], lambda content, made: _is_ed25519_signature(public, content, made)


def _is_ed25519_signature(public: Ed25519PublicKey, content: bytes, made: str) -> bool:
    try:
        public.verify(_from_base64(made.partition(",")[2]), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _hmac_secret(text: str) -> bytes:
    secret = _key_bytes(text, _HMAC_SECRET)
    if not _SHORTEST_SECRET_BYTES <= len(secret) <= _LONGEST_SECRET_BYTES:
        raise InvalidSecret(
            f"This secret has {len(secret)} bytes; a {_HMAC_SECRET} secret is base64 of "
            f"{_SHORTEST_SECRET_BYTES} to {_LONGEST_SECRET_BYTES} random bytes."
        )
    return secret


def _ed25519_secret(text: str) -> Ed25519PrivateKey:
    key = _key_bytes(text, _ED25519_SECRET)
    if len(key) not in (_SEED_BYTES, 2 * _SEED_BYTES):
        raise InvalidSecret(
            f"This secret key has {len(key)} bytes; a {_ED25519_SECRET} key is base64 of the {_SEED_BYTES}-byte seed, "
            f"or of the seed and the public key."
        )
    private = Ed25519PrivateKey.from_private_bytes(key[:_SEED_BYTES])
    if key[_SEED_BYTES:] not in (b"", private.public_key().public_bytes_raw()):
        raise InvalidSecret("The second half of this secret key is not the public key of its first half.")
    return private


def _ed25519_public(text: str) -> Ed25519PublicKey:
    key = _key_bytes(text, _ED25519_PUBLIC)
    if len(key) != _SEED_BYTES:
        raise InvalidSecret(
            f"This public key has {len(key)} bytes; a {_ED25519_PUBLIC} key is base64 of {_SEED_BYTES}."
        )
    return Ed25519PublicKey.from_public_bytes(key)


def _key_bytes(text: str, prefix: str) -> bytes:
    try:
        return _from_base64(text.removeprefix(prefix))
    except ValueError:
        raise InvalidSecret(f"What follows {prefix} is not base64 with its padding.") from None


def _signed_content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(text: str) -> bytes:
    """Read base64 as an encoder writes it, so that no two texts mean the same bytes; ValueError for any other text."""
    data = base64.b64decode(text)
    if _base64(data) != text:
        raise ValueError("The base64 is not written as an encoder writes it.")
    return data
