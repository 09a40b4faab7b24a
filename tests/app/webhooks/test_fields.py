"""The table of a webhook's fields: every field can be set, changed, and stored."""

from dataclasses import fields, replace
from ipaddress import ip_network
from typing import Any

import pytest

from app.encryption import Cipher
from app.models import Webhook
from app.statuses import AuthenticationKind, HttpMethod, SignatureScheme
from app.webhooks.credentials import Authentication, CustomHeader
from app.webhooks.fields import SETTINGS, Configuration, WebhookChanges, WebhookDraft
from app.webhooks.rows import differences, read_configuration, write_configuration

BLANK = Configuration("", "", ())
OTHERS: dict[str, Any] = {
    "name": "Desk",
    "url": "https://example.com/",
    "event_types": ("ticket.*",),
    "description": "Tells the desk.",
    "filter": "true",
    "method": HttpMethod.PUT,
    "timeout_seconds": 5,
    "verify_ssl": False,
    "ip_allowlist": (ip_network("203.0.113.0/24"),),
    "headers": (CustomHeader("X-Tenant", "acme"),),
    "authentication": Authentication(AuthenticationKind.BASIC, "ada", "secret"),
    "rotate_secret_every_days": 30,
    "retry_delays_seconds": (1, 2),
    "rate_limit_per_second": 7,
    "max_in_flight": 3,
    "metadata": {"team": "desk"},
    "external_id": "desk",
    "signature_scheme": SignatureScheme.ED25519,
}


def test_a_new_webhook_can_be_asked_for_with_every_field() -> None:
    assert {field.name for field in fields(WebhookDraft)} == SETTINGS.keys() | {"secret"}


def test_every_field_but_the_signature_scheme_can_be_changed() -> None:
    assert {field.name for field in fields(WebhookChanges)} == SETTINGS.keys() - {"signature_scheme"}


@pytest.mark.parametrize("name", SETTINGS)
def test_each_field_is_kept_in_the_row_and_listed_when_it_changes(name: str) -> None:
    cipher, webhook = Cipher([bytes(range(32))]), Webhook(id="wh_1")
    changed = replace(BLANK, **{name: OTHERS[name]})

    write_configuration(cipher, webhook, changed)

    assert read_configuration(cipher, webhook) == changed
    assert differences(BLANK, changed).keys() == {SETTINGS[name].api_name}
