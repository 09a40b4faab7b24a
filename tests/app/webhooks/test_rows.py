"""The differences between two configurations, as the audit log shows them."""

from dataclasses import fields, replace
from ipaddress import ip_network

import orjson

from app.encryption import Cipher
from app.models import Webhook
from app.statuses import AuthenticationKind
from app.webhooks.credentials import Authentication, CustomHeader
from app.webhooks.fields import Configuration
from app.webhooks.rows import differences, read_configuration, write_configuration

OLD = Configuration(
    name="Desk",
    url="https://example.com/",
    event_types=("ticket.*",),
    ip_allowlist=(ip_network("203.0.113.0/24"),),
    headers=(CustomHeader("X-Key", "hunter2", sensitive=True), CustomHeader("X-Tenant", "acme")),
    authentication=Authentication(AuthenticationKind.BEARER, None, "hunter2"),
)


def test_a_configuration_comes_out_of_its_row_as_it_went_in() -> None:
    cipher, webhook = Cipher([bytes(range(32))]), Webhook(id="wh_1")

    write_configuration(cipher, webhook, OLD)

    assert read_configuration(cipher, webhook) == OLD


def test_only_differences_are_listed_with_the_names_of_the_api() -> None:
    new = replace(OLD, retry_delays_seconds=(1, 2), ip_allowlist=(), filter="true")

    assert differences(OLD, OLD) == {}
    assert differences(OLD, new) == {
        "filter": [None, "true"],
        "ipAllowlist": [["203.0.113.0/24"], []],
        "retryPolicy.delaysSeconds": [[5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400], [1, 2]],
    }


def test_a_changed_credential_is_listed_and_not_shown() -> None:
    new = replace(
        OLD,
        headers=(CustomHeader("X-Key", "hunter3", sensitive=True), CustomHeader("X-Tenant", "acme")),
        authentication=Authentication(AuthenticationKind.BASIC, "ada", "hunter3"),
    )

    shown = [{"name": "X-Key", "value": "••••"}, {"name": "X-Tenant", "value": "acme"}]
    assert differences(OLD, new) == {
        "headers": [shown, shown],
        "authentication": [
            {"kind": "BEARER", "username": None, "credential": "••••"},
            {"kind": "BASIC", "username": "ada", "credential": "••••"},
        ],
    }


def test_of_a_new_webhook_everything_that_is_set_is_listed_and_fits_json() -> None:
    changes = differences(None, OLD)

    assert set(changes) == {
        "name",
        "url",
        "eventTypes",
        "method",
        "timeoutSeconds",
        "verifySsl",
        "ipAllowlist",
        "headers",
        "authentication",
        "retryPolicy.delaysSeconds",
        "maxInFlight",
        "metadata",
        "signatureScheme",
    }
    assert len(changes) < len(fields(Configuration))
    assert b"hunter2" not in orjson.dumps(changes)
