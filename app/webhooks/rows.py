"""Converts between a configuration and its row: encrypts secrets on the way in, decrypts them on the way out.

Also lists the differences between two configurations as the audit log shows them, with secrets masked.
"""

from ipaddress import ip_network
from typing import Any

from app.encryption import Cipher
from app.models import Webhook
from app.webhooks.credentials import (
    MASK,
    Authentication,
    CustomHeader,
    open_credential,
    open_headers,
    seal_credential,
    seal_headers,
)
from app.webhooks.fields import SETTINGS, Configuration
from app.webhooks.urls import open_url, seal_query, shown_url

# Stored in the row in another form: a list, encrypted, or in several columns. The others are the same in both.
_TRANSLATED = {"url", "event_types", "filter", "ip_allowlist", "headers", "authentication", "retry_delays_seconds"}
_SAME = tuple(name for name in SETTINGS if name not in _TRANSLATED)


def write_configuration(cipher: Cipher, webhook: Webhook, configuration: Configuration) -> None:
    """Set the columns of a row that already has its ID."""
    for name in _SAME:
        setattr(webhook, name, getattr(configuration, name))
    webhook.url = shown_url(configuration.url)
    webhook.url_query = seal_query(cipher, webhook.id, configuration.url)
    webhook.event_types = list(configuration.event_types)
    webhook.filter_expression = configuration.filter
    webhook.ip_allowlist = [str(network) for network in configuration.ip_allowlist]
    webhook.headers = seal_headers(cipher, webhook.id, configuration.headers)
    webhook.authentication_kind = configuration.authentication.kind
    webhook.authentication_username = configuration.authentication.username
    webhook.authentication_credential = seal_credential(cipher, webhook.id, configuration.authentication.credential)
    webhook.retry_delays_seconds = list(configuration.retry_delays_seconds)


def read_configuration(cipher: Cipher, webhook: Webhook) -> Configuration:
    """The configuration of a row, with its credentials in clear.

    Raises:
        NotDecrypted: the row was changed in the database, or its key is not configured.
    """
    return Configuration(
        **{name: getattr(webhook, name) for name in _SAME},
        url=open_url(cipher, webhook),
        event_types=tuple(webhook.event_types),
        filter=webhook.filter_expression,
        ip_allowlist=tuple(ip_network(network) for network in webhook.ip_allowlist),
        headers=open_headers(cipher, webhook),
        authentication=Authentication(
            webhook.authentication_kind, webhook.authentication_username, open_credential(cipher, webhook)
        ),
        retry_delays_seconds=tuple(webhook.retry_delays_seconds),
    )


def differences(old: Configuration | None, new: Configuration) -> dict[str, list[Any]]:
    """Changes as {"field": [old, new]} with the names of the API; for a new webhook, all fields with a value."""
    changes = {}
    for name, setting in SETTINGS.items():
        before, after = (None if old is None else getattr(old, name)), getattr(new, name)
        if before != after:
            shown = shown_url if name == "url" else _shown
            changes[setting.api_name] = [None if before is None else shown(before), shown(after)]
    return changes


def _shown(value: Any) -> Any:
    match value:
        case Authentication():
            credential = None if value.credential is None else MASK
            return {"kind": value.kind, "username": value.username, "credential": credential}
        case CustomHeader():
            return {"name": value.name, "value": value.shown}
        case tuple():
            return [_shown(item) for item in value]
        case None | bool() | int() | str() | dict():
            return value
    return str(value)
