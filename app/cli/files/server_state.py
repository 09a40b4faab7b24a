"""A server's state: its webhooks and event types as the public API shows them, with credentials masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from app.catalogue.event_type import EventCategory, EventType
from app.cli.api import Api
from app.cli.remote import listed
from app.cli.values import Label
from app.statuses import AuthenticationKind, HttpMethod, Scope, SignatureScheme
from app.webhooks.credentials import MASK, Authentication, CustomHeader
from app.webhooks.fields import Configuration

_REST = """
query {
  viewer { scopes }
  eventTypes(includeArchived: true) { name category description jsonSchema example archived }
}
"""
_WEBHOOKS = """
query ($filter: WebhookFilter, $first: Int, $after: String) {
  webhooks(filter: $filter, first: $first, after: $after) {
    nodes {
      id updatedAt name url eventTypes description filter method timeoutSeconds verifySsl ipAllowlist signatureScheme
      rotateSecretEveryDays rateLimitPerSecond maxInFlight metadata externalId
      headers { name value }
      authentication { kind username }
      retryPolicy { delaysSeconds }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
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

    @property
    def is_custom(self) -> bool:
        """Whether the workspace created it."""
        return self.event_type.category is EventCategory.CUSTOM


@dataclass(frozen=True, slots=True)
class ServerState:
    """Webhooks, oldest first, event types by name, and the scopes of the key."""

    webhooks: list[ServerWebhook]
    event_types: Mapping[str, ServerEventType]
    scopes: frozenset[Scope]


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
    return ServerState(
        webhooks=[_webhook(webhook) for webhook in reversed(webhooks)],
        event_types={found["name"]: _event_type(found) for found in rest["eventTypes"]},
        scopes=frozenset(Scope(scope) for scope in rest["viewer"]["scopes"] if scope in Scope.__members__),
    )


def _event_type(found: dict[str, Any]) -> ServerEventType:
    category = EventCategory(found["category"])
    names = ("name", "description", "jsonSchema", "example")
    name, description, schema, example = (found[field] for field in names)
    return ServerEventType(EventType(name, category, description, schema, example), found["archived"])


def _webhook(found: dict[str, Any]) -> ServerWebhook:
    login = found["authentication"]
    kind = AuthenticationKind(login["kind"])
    configuration = Configuration(
        name=found["name"],
        url=found["url"],
        event_types=tuple(found["eventTypes"]),
        description=found["description"],
        filter=found["filter"],
        method=HttpMethod(found["method"]),
        timeout_seconds=found["timeoutSeconds"],
        verify_ssl=found["verifySsl"],
        ip_allowlist=tuple(map(ip_network, found["ipAllowlist"])),
        headers=tuple(CustomHeader(h["name"], h["value"], sensitive=h["value"] == MASK) for h in found["headers"]),
        authentication=Authentication(kind, login["username"], None if kind is AuthenticationKind.NONE else MASK),
        rotate_secret_every_days=found["rotateSecretEveryDays"],
        retry_delays_seconds=tuple(found["retryPolicy"]["delaysSeconds"]),
        rate_limit_per_second=found["rateLimitPerSecond"],
        max_in_flight=found["maxInFlight"],
        metadata=found["metadata"],
        external_id=found["externalId"],
        signature_scheme=SignatureScheme(found["signatureScheme"]),
    )
    return ServerWebhook(found["id"], found["updatedAt"], configuration)
