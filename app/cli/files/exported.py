"""A server's state as the content of a file. Pure. Contains no credential: the API masks most, and this module the
rest.
"""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from app.cli.files.server_state import ServerEventType, ServerState, ServerWebhook
from app.cli.files.shape import VERSION
from app.keeping import ALL, Keeping
from app.statuses import AuthenticationKind
from app.webhooks.credentials import CustomHeader
from app.webhooks.fields import SETTINGS, Configuration
from app.webhooks.urls import shown_url

_DEFAULTS = Configuration(name="", url="", event_types=())


def exported(state: ServerState) -> dict[str, Any]:
    """The content of a file that changes nothing when applied to the same server."""
    event_types = [_event_type(found) for name, found in sorted(state.event_types.items()) if _differs(found)]
    contacts = [{"kind": str(each.kind), "target": each.target, "events": list(each.events)} for each in state.contacts]
    return {
        "version": VERSION,
        **({"eventTypes": event_types} if event_types else {}),
        "webhooks": [_webhook(webhook) for webhook in state.webhooks],
        **({"contacts": contacts} if contacts else {}),
    }


def settings(configuration: Configuration) -> dict[str, Any]:
    """The settings as the API takes them, without authentication, because the API shows no credential."""
    found: dict[str, Any] = {"externalId": configuration.external_id}
    for name, setting in SETTINGS.items():
        if name != "authentication":
            key, _, inner = setting.api_name.partition(".")
            value = _as_json(getattr(configuration, name))
            found[key] = {inner: value} if inner else value
    return found


def _as_json(value: Any) -> Any:
    match value:
        case CustomHeader():
            return {"name": value.name, "value": value.shown}
        case tuple():
            return [_as_json(each) for each in value]
        case StrEnum() | IPv4Network() | IPv6Network():
            return str(value)
    return value


def _differs(found: ServerEventType) -> bool:
    """Whether the workspace has changed anything about an event type."""
    return found.is_custom or found.archived or found.keeping != ALL


def _event_type(found: ServerEventType) -> dict[str, Any]:
    event_type = found.event_type
    settings_of_both = {**({"archived": True} if found.archived else {}), **_keeping(found.keeping)}
    if not found.is_custom:
        return {"name": event_type.name, **settings_of_both}
    return {
        "name": event_type.name,
        "description": event_type.description,
        "jsonSchema": event_type.json_schema,
        "example": event_type.example,
        **settings_of_both,
    }


def _keeping(keeping: Keeping) -> dict[str, Any]:
    return {
        **({"keepBodies": [str(rule) for rule in keeping.rules]} if keeping.rules else {}),
        **({} if keeping.days is None else {"keepBodiesDays": keeping.days}),
        **({"redact": list(keeping.redact)} if keeping.redact else {}),
    }


def _webhook(webhook: ServerWebhook) -> dict[str, Any]:
    configuration, defaults = webhook.configuration, settings(_DEFAULTS)
    entry = {name: value for name, value in settings(configuration).items() if value != defaults[name]}
    entry["url"] = shown_url(configuration.url)
    login = configuration.authentication
    if login.kind is not AuthenticationKind.NONE:
        username = {} if login.username is None else {"username": login.username}
        entry["authentication"] = {"kind": str(login.kind), **username}
    return entry if configuration.external_id is not None else {"id": webhook.id, **entry}
