"""An API key has 256 random bits and a checksum that a scanner tests without asking the server."""

import re
import zlib

import pytest

from app.access.key_format import PATTERN, is_key, new_key


def test_a_new_key_fits_its_pattern_and_its_checksum() -> None:
    keys = {new_key() for _ in range(100)}

    assert len(keys) == 100
    assert all(re.fullmatch(PATTERN, key) and is_key(key) for key in keys)


def test_the_body_holds_256_bits() -> None:
    assert 62**42 < 2**256 <= 62**43
    # Each of the 43 characters takes many values, except the first, because 2**256 limits it.
    columns = [set(characters) for characters in zip(*(new_key()[4:47] for _ in range(2_000)), strict=True)]
    assert min(map(len, columns[1:])) == 62


def test_the_checksum_is_the_crc_32_of_the_body_as_github_has_it() -> None:
    key = new_key()
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

    read = sum(digits.index(digit) * 62**place for place, digit in enumerate(reversed(key[-6:])))

    assert read == zlib.crc32(key[4:-6].encode())


@pytest.mark.parametrize("place", [4, 20, 46, 47, 52])
def test_a_key_with_one_character_changed_is_invalid(place: int) -> None:
    key = new_key()
    changed = key[:place] + ("a" if key[place] != "a" else "b") + key[place + 1 :]

    assert not is_key(changed)


@pytest.mark.parametrize("text", ["", "eev_", "eev_" + "a" * 40, "eevt_" + "a" * 49, "eev_" + "é" * 49])
def test_other_texts_are_none(text: str) -> None:
    assert not is_key(text)
