"""Keeps secrets unreadable in the database: AES-256-GCM, every ciphertext bound to the row it belongs to.

A token is `1.<key id>.<base64url of nonce and ciphertext>`. The key ID, a truncated hash, says which key decrypts it,
so keys can be changed while old tokens remain readable: put the new key first, encrypt again what `needs_rotation`,
remove the old key. Nonces are random, which is safe for 2**32 tokens per key (NIST SP 800-38D, 8.3). This module does
not know where keys come from or what the texts mean.

    EncryptionError
    ├── InvalidKey      a key is not 32 bytes in base64, or there is none, or one twice
    └── NotDecrypted    a token cannot be decrypted
        └── UnknownKey  the key it was encrypted with is not configured
"""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "1"
_TOKEN = re.compile(rf"{_VERSION}\.([0-9a-f]{{16}})\.([A-Za-z0-9_-]+=*)")


class EncryptionError(Exception):
    """An error of keys or tokens; the message never contains a key, a token or a text."""


class InvalidKey(EncryptionError):
    """The given keys cannot be used."""


class NotDecrypted(EncryptionError):
    """A token was changed, belongs to another context, or is not a token."""


class UnknownKey(NotDecrypted):
    """A token was encrypted with a key that is not configured."""


class Cipher:
    """Encrypts with the newest key and decrypts with the key that encrypted the token.

    Args:
        keys: 32 random bytes each, newest first.

    Raises:
        InvalidKey: there is no key, one twice, or one of another length.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise InvalidKey("There is no encryption key; at least one is needed.")
        self._ciphers: dict[str, AESGCM] = {}
        for position, key in enumerate(keys, start=1):
            if len(key) != _KEY_BYTES:
                raise InvalidKey(f"Encryption key {position} has {len(key)} bytes; it must have {_KEY_BYTES}.")
            if _key_id(key) in self._ciphers:
                raise InvalidKey(f"Encryption key {position} is there twice; each key may be given once.")
            self._ciphers[_key_id(key)] = AESGCM(key)
        self._newest = _key_id(keys[0])

    def __repr__(self) -> str:
        return f"Cipher(key_ids={list(self._ciphers)})"

    def encrypt(self, plaintext: str, context: str) -> str:
        """Return a token, a different one each time, that only `decrypt` with the same context decrypts.

        Args:
            plaintext: any text that UTF-8 can encode.
            context: what the text belongs to, such as the ID of its row.
        """
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plaintext.encode(), _bound_to(self._newest, context))
        return f"{_VERSION}.{self._newest}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def decrypt(self, token: str, context: str) -> str:
        """Return the text of a token.

        Raises:
            UnknownKey: it was encrypted with a key that is not configured.
            NotDecrypted: it was changed, was made for another context, or is not a token.
        """
        key_id, sealed = _parse(token)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(
                f"What {context} holds was encrypted with key {key_id}, which is not among the {len(self._ciphers)} "
                f"encryption keys given; add that key behind the newest."
            )
        try:
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _bound_to(key_id, context)).decode()
        except (InvalidTag, ValueError):
            raise NotDecrypted(f"What {context} holds was changed, or was encrypted for something else.") from None

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The fingerprints of the keys, newest first; each token holds the fingerprint of its key."""
        return tuple(self._ciphers)

    def needs_rotation(self, token: str) -> bool:
        """Whether a token should be encrypted again because its key is not the newest.

        Raises:
            NotDecrypted: the text is not a token.
        """
        return _parse(token)[0] != self._newest


def new_key() -> str:
    """Make a key: 32 random bytes in base64."""
    return base64.b64encode(os.urandom(_KEY_BYTES)).decode()


def parse_keys(texts: Iterable[str]) -> tuple[bytes, ...]:
    """Read keys, each 32 bytes in base64 as `new_key` makes them; surrounding whitespace does not matter.

    Raises:
        InvalidKey: a text is not a key; the message names its position, and never the key.
    """
    return tuple(_parse_key(text.strip(), position) for position, text in enumerate(texts, start=1))


def _parse_key(text: str, position: int) -> bytes:
    hint = f"it must be {_KEY_BYTES} random bytes in base64, such as `openssl rand -base64 {_KEY_BYTES}` prints"
    try:
        key = base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidKey(f"Encryption key {position} is not base64; {hint}.") from None
    if len(key) != _KEY_BYTES:
        raise InvalidKey(f"Encryption key {position} has {len(key)} bytes; {hint}.")
    return key


def _key_id(key: bytes) -> str:
    return hashlib.blake2b(key, digest_size=8, person=b"eev key id").hexdigest()


def _bound_to(key_id: str, context: str) -> bytes:
    return f"{_VERSION}.{key_id}.{context}".encode()


def _parse(token: str) -> tuple[str, bytes]:
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise NotDecrypted("This is no encrypted text; one begins with its version and the id of its key.")
    try:
        sealed = base64.urlsafe_b64decode(match[2])
    except binascii.Error:
        raise NotDecrypted("This encrypted text is cut off.") from None
    if base64.urlsafe_b64encode(sealed).decode() != match[2]:
        raise NotDecrypted("This encrypted text was changed: its base64 is not written as it was made.")
    return match[1], sealed
