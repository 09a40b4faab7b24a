"""The format of an API key: a prefix, 256 random bits and a checksum, so that secret scanners recognise keys.

    eev_ <43 characters: 32 random bytes in base62> <6 characters: CRC-32 of those 43 in base62>

As with GitHub's tokens, a scanner can tell a leaked key from similar text without a network request. The checksum is no
protection. Keys without it (made by earlier versions, or chosen by a person) are equally valid.
"""

import re
import secrets
import zlib

PREFIX = "eev_"
PATTERN = r"eev_[0-9A-Za-z]{49}"
_RANDOM_BYTES = 32
_RANDOM_CHARACTERS = 43
_CHECKSUM_CHARACTERS = 6
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def new_key() -> str:
    """Return a new key."""
    body = _base62(int.from_bytes(secrets.token_bytes(_RANDOM_BYTES)), _RANDOM_CHARACTERS)
    return f"{PREFIX}{body}{_checksum(body)}"


def is_key(text: str) -> bool:
    """Whether a text is a key that `new_key` may have made."""
    if re.fullmatch(PATTERN, text) is None:
        return False
    body = text[len(PREFIX) : -_CHECKSUM_CHARACTERS]
    return text.endswith(_checksum(body))


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECKSUM_CHARACTERS)


def _base62(number: int, characters: int) -> str:
    """The digits of a number, padded with zeros."""
    digits = []
    for _ in range(characters):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
