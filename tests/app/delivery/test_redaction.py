"""Credentials that a receiver repeats, in any form, are not stored."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.delivery.redaction import encodings, without_credentials
from app.sender.outcome import Answered
from app.webhooks.credentials import MASK, CustomHeader

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "hex": lambda text: text.encode().hex(),
    "hex in capitals": lambda text: text.encode().hex().upper(),
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded in small letters": lambda text: quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
    "as in a form": quote_plus,
}


def kept(body: str, found: tuple[str, ...]) -> str:
    answer = Answered(200, (("x-echo", body),), body, False, 1.0, None)
    masked = without_credentials(answer, found)
    assert isinstance(masked, Answered)
    assert masked.headers == (("x-echo", masked.body),)
    return masked.body


@pytest.mark.parametrize("form", FORMS)
def test_a_credential_is_masked_in_every_form(form: str) -> None:
    token = "abc/def+ghi jkl"
    found = encodings([CustomHeader("X-Key", token, sensitive=True)], None)

    body = kept(f"got {FORMS[form](token)}.", found)

    assert body.startswith(f"got {MASK}")
    assert len(body) < len(f"got {MASK}==.") + 2


@given(st.binary(max_size=20), st.text(st.characters(codec="utf-8"), min_size=6, max_size=30), st.binary(max_size=20))
def test_within_a_longer_base64_text_little_of_a_credential_is_left(before: bytes, token: str, after: bytes) -> None:
    found = encodings([CustomHeader("X-Key", token, sensitive=True)], None)

    body = kept(base64.b64encode(before + token.encode() + after).decode(), found)

    assert MASK in body


def test_values_of_the_query_are_masked_as_they_stand_and_as_they_are_meant() -> None:
    found = encodings([], None, ["a%2Fb%2Bc1234", "eu"])

    assert kept("a%2Fb%2Bc1234 a/b+c1234 eu", found) == f"{MASK} {MASK} eu"
