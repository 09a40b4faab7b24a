"""How headers and credentials are stored in a row."""

import pytest

from app.encryption import Cipher, NotDecrypted
from app.models import Webhook
from app.webhooks.credentials import CustomHeader, open_credential, open_headers, seal_credential, seal_headers

CIPHER = Cipher([bytes(range(32))])
HEADERS = (CustomHeader("X-Key", "hunter2", sensitive=True), CustomHeader("X-Tenant", "acme"))


def row(webhook_id: str, headers: str, credential: str | None = None) -> Webhook:
    return Webhook(id=webhook_id, headers=headers, authentication_credential=credential)


def test_what_is_sealed_for_a_webhook_can_be_opened_for_it() -> None:
    webhook = row("wh_1", seal_headers(CIPHER, "wh_1", HEADERS), seal_credential(CIPHER, "wh_1", "hunter3"))

    assert open_headers(CIPHER, webhook) == HEADERS
    assert open_credential(CIPHER, webhook) == "hunter3"
    assert "hunter" not in f"{webhook.headers}{webhook.authentication_credential}{HEADERS!r}"


def test_no_login_is_nothing_to_seal() -> None:
    assert seal_credential(CIPHER, "wh_1", None) is None
    assert open_credential(CIPHER, row("wh_1", "")) is None


def test_what_is_sealed_for_one_place_opens_in_no_other() -> None:
    headers, credential = seal_headers(CIPHER, "wh_1", HEADERS), seal_credential(CIPHER, "wh_1", "hunter3")
    assert credential is not None

    with pytest.raises(NotDecrypted):
        open_headers(CIPHER, row("wh_2", headers))
    with pytest.raises(NotDecrypted):
        open_headers(CIPHER, row("wh_1", credential))
    with pytest.raises(NotDecrypted):
        open_credential(CIPHER, row("wh_1", headers, headers))


def test_sensitive_values_are_shown_masked() -> None:
    assert [header.shown for header in HEADERS] == ["••••", "acme"]
