import base64
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.encryption import Cipher, EncryptionError, InvalidKey, NotDecrypted, UnknownKey, new_key, parse_keys

OLD, CURRENT, OTHER = (bytes([value]) * 32 for value in (1, 2, 3))

texts = st.text(st.characters(exclude_categories=["Cs"]))


@given(plaintext=texts, context=texts)
@example(plaintext="", context="")
def test_a_text_comes_back_in_its_own_context(plaintext: str, context: str) -> None:
    cipher = Cipher([CURRENT])

    assert cipher.decrypt(cipher.encrypt(plaintext, context), context) == plaintext


def test_a_token_holds_the_text_in_no_readable_form() -> None:
    plaintext = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    token = Cipher([CURRENT]).encrypt(plaintext, "sec_1")

    assert plaintext not in token
    assert plaintext.encode() not in base64.urlsafe_b64decode(token.rsplit(".", 1)[1])


def test_the_same_text_never_makes_the_same_token() -> None:
    cipher = Cipher([CURRENT])

    assert len({cipher.encrypt("same", "sec_1") for _ in range(100)}) == 100


@given(context=texts, other=texts)
@example(context="sec_1", other="sec_10")
def test_a_token_moved_to_another_row_does_not_open(context: str, other: str) -> None:
    cipher = Cipher([CURRENT])
    token = cipher.encrypt("text", context)

    if other != context:
        with pytest.raises(NotDecrypted):
            cipher.decrypt(token, other)


@pytest.mark.parametrize("plaintext", ["", "a", "ab", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_a_token_with_any_changed_character_does_not_open(plaintext: str) -> None:
    cipher = Cipher([CURRENT])
    token = cipher.encrypt(plaintext, "sec_1")
    changed = [
        token[:at] + character + token[at + 1 :]
        for at in range(len(token))
        for character in string.printable
        if character != token[at]
    ]

    for text in changed:
        with pytest.raises(NotDecrypted):
            cipher.decrypt(text, "sec_1")


def test_a_token_cut_off_or_grown_does_not_open() -> None:
    cipher = Cipher([CURRENT])
    token = cipher.encrypt("text", "sec_1")

    for text in [*(token[:length] for length in range(len(token))), token + "A", token + "=", token + "AAAA"]:
        with pytest.raises(NotDecrypted):
            cipher.decrypt(text, "sec_1")


@given(st.text() | st.from_regex(r"1\.[0-9a-f]{16}\.[A-Za-z0-9_=-]*", fullmatch=True))
@example("")
@example(f"1.{'0' * 16}.A")
@example(f"1.{'0' * 16}.AAAA")
def test_any_other_text_is_refused_as_no_token(text: str) -> None:
    with pytest.raises(NotDecrypted):
        Cipher([CURRENT]).decrypt(text, "sec_1")


def test_a_token_too_short_for_its_nonce_is_refused() -> None:
    key_id = Cipher([CURRENT]).encrypt("text", "sec_1").split(".")[1]

    with pytest.raises(NotDecrypted):
        Cipher([CURRENT]).decrypt(f"1.{key_id}.AAAA", "sec_1")


def test_the_newest_key_encrypts_and_older_ones_still_decrypt() -> None:
    old_token = Cipher([OLD]).encrypt("text", "sec_1")
    both = Cipher([CURRENT, OLD])

    assert both.decrypt(old_token, "sec_1") == "text"
    assert Cipher([CURRENT]).decrypt(both.encrypt("text", "sec_1"), "sec_1") == "text"


def test_only_tokens_of_older_keys_need_rotation() -> None:
    old_token = Cipher([OLD]).encrypt("text", "sec_1")
    both = Cipher([CURRENT, OLD])

    assert both.needs_rotation(old_token)
    assert not both.needs_rotation(both.encrypt("text", "sec_1"))
    with pytest.raises(NotDecrypted):
        both.needs_rotation("whsec_plain")


def test_a_token_of_a_key_that_was_dropped_says_so_and_what_to_do() -> None:
    token = Cipher([OTHER]).encrypt("text", "sec_1")

    with pytest.raises(UnknownKey, match=r"What sec_1 holds .* not among the 2 encryption keys given; add that key"):
        Cipher([CURRENT, OLD]).decrypt(token, "sec_1")


def test_a_new_key_is_32_random_bytes_that_can_be_used_at_once() -> None:
    texts = [new_key(), new_key()]

    keys = parse_keys(texts)

    assert [len(key) for key in keys] == [32, 32]
    assert keys[0] != keys[1]
    assert Cipher(keys).decrypt(Cipher(keys[:1]).encrypt("text", "sec_1"), "sec_1") == "text"


def test_whitespace_around_a_key_does_not_matter() -> None:
    assert parse_keys([f" {base64.b64encode(OLD).decode()}\n"]) == (OLD,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("not base64 but secret", "Encryption key 2 is not base64"),
        (base64.b64encode(OLD).decode() + "!", "Encryption key 2 is not base64"),
        ("schlüssel", "Encryption key 2 is not base64"),
        ("", "Encryption key 2 has 0 bytes; it must be 32"),
        (base64.b64encode(b"secret" * 5).decode(), "Encryption key 2 has 30 bytes; it must be 32"),
        (base64.b64encode(b"secret" * 6).decode(), "Encryption key 2 has 36 bytes; it must be 32"),
    ],
)
def test_a_bad_key_is_named_by_its_position_and_never_shown(text: str, message: str) -> None:
    with pytest.raises(InvalidKey, match=message) as caught:
        parse_keys([new_key(), text])

    # The cause is checked as well, because loggers may print it.
    assert not text or text not in f"{caught.value!r} {caught.value.__context__!r}"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([], "There is no encryption key"),
        ([CURRENT, b"short"], "Encryption key 2 has 5 bytes; it must have 32"),
        ([CURRENT, OLD, CURRENT], "Encryption key 3 is there twice"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_at_once(keys: list[bytes], message: str) -> None:
    with pytest.raises(InvalidKey, match=message):
        Cipher(keys)


def test_neither_keys_nor_texts_show_in_a_repr_or_an_error() -> None:
    key = bytes(range(32))
    cipher = Cipher([key])
    token = cipher.encrypt("the secret text", "sec_1")

    with pytest.raises(EncryptionError) as caught:
        cipher.decrypt(token, "sec_2")

    shown = f"{cipher!r} {cipher} {vars(cipher)} {caught.value!r}"
    for hidden in (key.hex(), base64.b64encode(key).decode(), repr(key), "the secret text", token):
        assert hidden not in shown


def test_tokens_written_by_earlier_versions_still_open() -> None:
    token = "1.2c8c63cb275e3cca.5jrf8tYgSk79ayDZTegdo7u-GNOMj6eaDAckYQxRiPuQALZU3ec="

    assert Cipher([bytes(range(32))]).decrypt(token, "sec_01m8543fh4e008000000000000") == "zażółć"
