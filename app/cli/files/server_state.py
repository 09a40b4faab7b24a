"""A server's state: its webhooks, event types and contacts as the public API shows them, with credentials masked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from app.catalogue.event_type import EventCategory, EventType
from app.cli.api import Api
from app.cli.remote import listed
from app.cli.values import Label
from app.keeping import ALL, Keeping
from app.statuses import AuthenticationKind, ContactKind, HttpMethod, KeepBodies, Scope, SignatureScheme
from app.webhooks.credentials import MASK, Authentication, CustomHeader
from app.webhooks.fields import SETTINGS, Configuration

_REST = """
query {
  viewer { scopes webhookIds eventTypes }
  eventTypes(includeArchived: true) {
    name category description jsonSchema example archived keepBodies keepBodiesDays redact
  }
}
"""
_PARTS = {"headers": "headers { name value }", "authentication": "authentication { kind username }"}


def _selection(api_name: str) -> str:
    """What to select of a setting, whose API name may be a path."""
    field, _, inner = api_name.partition(".")
    return f"{field} {{ {inner} }}" if inner else _PARTS.get(field, field)


_WEBHOOKS = f"""
query ($filter: WebhookFilter, $first: Int, $after: String) {{
  webhooks(filter: $filter, first: $first, after: $after) {{
    nodes {{ id updatedAt {" ".join(_selection(setting.api_name) for setting in SETTINGS.values())} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
_CONTACTS = "{ contacts { id kind target events } }"
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class ServerWebhook:
    """A webhook of the server, with the time of its last change as the API gives it."""

    id: str
    updated_at: str
    configuration: Configuration


@dataclass(frozen=True, slots=True)
class ServerEventType:
    """An event type of the server."""

    event_type: EventType
    archived: bool
    keeping: Keeping = ALL

    @property
    def is_custom(self) -> bool:
        """Whether the workspace created it."""
        return self.event_type.category is EventCategory.CUSTOM


@dataclass(frozen=True, slots=True)
class ServerContact:
    """A contact of the server, with its target as the API shows it."""

    id: str
    kind: ContactKind
    target: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServerState:
    """Webhooks, oldest first, event types by name, the scopes of the key, and contacts, oldest first."""

    webhooks: list[ServerWebhook]
    event_types: Mapping[str, ServerEventType]
    scopes: frozenset[Scope]
    contacts: Sequence[ServerContact] = ()


async def server_state(api: Api, label: Label | None = None) -> ServerState:
    """The server's state.

    Args:
        label: only webhooks with this value in their metadata.

    Raises:
        Refused: as for `Api.ask`.
    """
    rest = await api.ask(_REST)
    filter_ = {} if label is None else {"metadata": {label.name: label.value}}
    webhooks = await listed(api, _WEBHOOKS, {"filter": filter_}, _ALL)
    viewer = rest["viewer"]
    # A narrowed token sees no contact.
    narrowed = viewer["webhookIds"] is not None or viewer["eventTypes"] is not None
    contacts = [] if narrowed else (await api.ask(_CONTACTS))["contacts"]
    return ServerState(
        webhooks=[_webhook(webhook) for webhook in reversed(webhooks)],
        event_types={found["name"]: _event_type(found) for found in rest["eventTypes"]},
        scopes=frozenset(Scope(scope) for scope in viewer["scopes"] if scope in Scope.__members__),
        contacts=[_contact(contact) for contact in reversed(contacts)],
    )


def _event_type(found: dict[str, Any]) -> ServerEventType:
    category = EventCategory(found["category"])
    names = ("name", "description", "jsonSchema", "example")
    name, description, schema, example = (found[field] for field in names)
    keeping = Keeping(tuple(map(KeepBodies, found["keepBodies"])), found["keepBodiesDays"], tuple(found["redact"]))
    return ServerEventType(EventType(name, category, description, schema, example), found["archived"], keeping)


def _contact(found: dict[str, Any]) -> ServerContact:
    return ServerContact(found["id"], ContactKind(found["kind"]), found["target"], tuple(found["events"]))


def _webhook(found: dict[str, Any]) -> ServerWebhook:
    configuration = Configuration(**{name: _setting(name, found) for name in SETTINGS})
    return ServerWebhook(found["id"], found["updatedAt"], configuration)


def _setting(name: str, found: dict[str, Any]) -> Any:
    """The value of a setting, from the fields of a webhook as the API gives them."""
    field, _, inner = SETTINGS[name].api_name.partition(".")
    value = found[field][inner] if inner else found[field]
    match name:
        case "authentication":
            kind = AuthenticationKind(value["kind"])
            return Authentication(kind, value["username"], None if kind is AuthenticationKind.NONE else MASK)
        case "headers":
            return tuple(CustomHeader(h["name"], h["value"], sensitive=h["value"] == MASK) for h in value)
        case "ip_allowlist":
            return tuple(map(ip_network, value))
        case "method":
            return HttpMethod(value)
        case "signature_scheme":
            return SignatureScheme(value)
    return tuple(value) if isinstance(value, list) else value
