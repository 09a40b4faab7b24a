"""A server's state as the content of a file. Pure. Contains no credential: the API masks most, and this module the
rest.
"""

from typing import Any

from app.cli.files.server_state import ServerEventType, ServerState, ServerWebhook
from app.cli.files.shape import VERSION
from app.statuses import AuthenticationKind
from app.webhooks.fields import Configuration
from app.webhooks.urls import shown_url

_DEFAULTS = Configuration(name="", url="", event_types=())


def exported(state: ServerState) -> dict[str, Any]:
    """The content of a file that changes nothing when applied to the same server."""
    event_types = [_event_type(found) for name, found in sorted(state.event_types.items()) if _differs(found)]
    return {
        "version": VERSION,
        **({"eventTypes": event_types} if event_types else {}),
        "webhooks": [_webhook(webhook) for webhook in state.webhooks],
    }


def settings(configuration: Configuration) -> dict[str, Any]:
    """The settings as the API takes them, without authentication, because the API shows no credential."""
    c = configuration
    return {
        "externalId": c.external_id,
        "name": c.name,
        "url": c.url,
        "eventTypes": list(c.event_types),
        "description": c.description,
        "filter": c.filter,
        "method": str(c.method),
        "timeoutSeconds": c.timeout_seconds,
        "verifySsl": c.verify_ssl,
        "ipAllowlist": [str(network) for network in c.ip_allowlist],
        "headers": [{"name": header.name, "value": header.shown} for header in c.headers],
        "signatureScheme": str(c.signature_scheme),
        "rotateSecretEveryDays": c.rotate_secret_every_days,
        "retryPolicy": {"delaysSeconds": list(c.retry_delays_seconds)},
        "rateLimitPerSecond": c.rate_limit_per_second,
        "maxInFlight": c.max_in_flight,
        "metadata": c.metadata,
    }


def _differs(found: ServerEventType) -> bool:
    """Whether the workspace has changed anything about an event type."""
    return found.is_custom or found.archived


def _event_type(found: ServerEventType) -> dict[str, Any]:
    event_type = found.event_type
    archived = {"archived": True} if found.archived else {}
    if not found.is_custom:
        return {"name": event_type.name, **archived}
    return {
        "name": event_type.name,
        "description": event_type.description,
        "jsonSchema": event_type.json_schema,
        "example": event_type.example,
        **archived,
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
