"""A workspace with two of everything, one that some token sees and one that it does not; and those who ask for them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from app.database.database import Row
from app.statuses import Scope
from tests.app.operations.desk import TICKET, Desk
from tests.domain import Domain
from tests.graph.conftest import Api

# A port that nothing listens on.
URL = "http://127.0.0.1:9999/"
HIDDEN_TYPE = "order.hidden"
ERROR = {"error": {"code": "internal", "message": "hidden body"}}
_CHANGED = "userErrors { message path code }"
# What an administrator of the workspace, who does not see all of it, might have.
SCOPES = ["READ", "MANAGE", "SECRETS", "ADMIN"]

KINDS = (
    "webhook",
    "secret",
    "event",
    "delivery",
    "attempt",
    "operation",
    "problem",
    "event_type",
    "api_key",
    "audit_entry",
    "contact",
    "workspace",
)


@dataclass(frozen=True)
class Watcher:
    """Somebody who asks, and the kinds of things in the scene that do not exist for them."""

    name: str
    api: Api
    hidden_kinds: tuple[str, ...]


@dataclass(frozen=True)
class Scene:
    """The IDs of one thing of each kind that others must not see, and of one of each kind that tokens do."""

    domain: Domain
    owner: Api
    hidden: dict[str, str]
    seen: dict[str, str]

    def texts(self, watcher: Watcher) -> list[str]:
        """What must not appear in an answer to a watcher."""
        return [self.hidden[kind] for kind in watcher.hidden_kinds] + ["hidden body"]

    async def contents(self) -> dict[str, list[Row]]:
        """All rows of the workspace, but for the log of what was refused or begun, and times of use."""
        tables = ("webhook", "secret", "event", "delivery", "attempt", "problem", "operation", "event_type", "contact")
        of_workspace = {
            table: await self.domain.rows(
                f"SELECT * FROM {table} WHERE workspace_id = $1 ORDER BY id", self.domain.caller.workspace_id
            )
            for table in tables
        }
        keys = "SELECT id, scopes, revoked_at FROM api_key WHERE workspace_id = $1 ORDER BY id"
        of_workspace["api_key"] = await self.domain.rows(keys, self.domain.caller.workspace_id)
        return of_workspace


async def set_up(domain: Domain, owner: Api) -> Scene:
    """Fill the workspace of an owner, who has every scope."""
    desk = Desk(domain)
    types = {"name": HIDDEN_TYPE, "description": "An order."}
    await owner.change("createEventType", types, _CHANGED)
    webhooks = {
        "seen": await _webhook(owner, "Seen", ["ticket.*"]),
        "hidden": await _webhook(owner, "Hidden", ["agent.*", "order.*"]),
    }
    await owner.change("publishEvent", {"type": "ticket.created", "data": TICKET}, _CHANGED)
    await owner.change("publishEvent", {"type": HIDDEN_TYPE, "data": ERROR}, _CHANGED)
    await desk.become("FAILED")
    await desk.attempt()
    things = {
        name: {"problem": await desk.problem(id_), **await _things(owner, domain, id_)}
        for name, id_ in webhooks.items()
    }
    return Scene(domain, owner, things["hidden"], things["seen"])


async def watchers(scene: Scene, stranger: Api) -> list[Watcher]:
    """Another workspace's key, and tokens that are narrowed in each way."""
    only_seen = {"webhookIds": [scene.seen["webhook"]]}
    only_tickets = {"eventTypes": ["ticket.*"]}
    of_types = ("event", "delivery", "attempt", "operation", "event_type", "api_key", "audit_entry", "contact")
    of_webhooks = ("webhook", "secret", "problem", *of_types[:4], *of_types[5:])
    return [
        Watcher("another workspace", stranger, KINDS),
        Watcher("a token for webhooks", await _token(scene.owner, SCOPES, only_seen), of_webhooks),
        Watcher("a token for event types", await _token(scene.owner, [*SCOPES, "PUBLISH"], only_tickets), of_types),
        Watcher("a token for both", await _token(scene.owner, SCOPES, only_seen | only_tickets), KINDS[:-1]),
    ]


async def _token(owner: Api, scopes: list[str], narrowed: dict[str, Any]) -> Api:
    made = await owner.change("createAccessToken", {"scopes": scopes, **narrowed}, f"token {_CHANGED}")
    assert made["userErrors"] == []
    return replace(owner, key=made["token"])


async def _webhook(owner: Api, name: str, event_types: list[str]) -> str:
    draft = {"name": name, "url": URL, "eventTypes": event_types, "externalId": f"{name} ID"}
    made = await owner.change("createWebhook", draft, f"webhook {{ id }} {_CHANGED}")
    assert made["userErrors"] == []
    id_: str = made["webhook"]["id"]
    return id_


_THINGS = """query($id: ID!) { webhook(id: $id) {
  secrets { id }
  deliveries(first: 1) { nodes { id event { id } attempts { nodes { id } } } }
} }"""


async def _things(owner: Api, domain: Domain, webhook_id: str) -> dict[str, str]:
    webhook = (await owner.data(_THINGS, id=webhook_id))["webhook"]
    [delivery] = webhook["deliveries"]["nodes"]
    begun = await owner.change(
        "retryDeliveries", {"filter": {"webhookId": webhook_id}}, f"operation {{ id }} {_CHANGED}"
    )
    await owner.change("retryDelivery", {"id": delivery["id"]}, _CHANGED)
    key = await owner.change("createApiKey", {"name": "Another", "scopes": ["READ"]}, f"apiKey {{ id }} {_CHANGED}")
    told = {"kind": "WEBHOOK", "target": f"{URL}{webhook_id}", "events": ["webhook.*"]}
    contact = await owner.change("createContact", told, f"contact {{ id }} {_CHANGED}")
    found = await owner.data(
        "query($id: ID!, $name: String!) { auditLog(first: 1, filter: {subjectId: $id}) { nodes { id } }"
        " eventType(name: $name) { id } }",
        id=delivery["id"],
        name=HIDDEN_TYPE,
    )
    return {
        "webhook": webhook_id,
        "secret": webhook["secrets"][0]["id"],
        "event": delivery["event"]["id"],
        "delivery": delivery["id"],
        "attempt": delivery["attempts"]["nodes"][0]["id"],
        "operation": begun["operation"]["id"],
        "event_type": found["eventType"]["id"],
        # Not the owner's, which is in the log of what was done to the other webhook.
        "api_key": key["apiKey"]["id"],
        "audit_entry": found["auditLog"]["nodes"][0]["id"],
        "contact": contact["contact"]["id"],
        "workspace": domain.caller.workspace_id,
    }


def stranger_scopes() -> Iterator[Scope]:
    """Every scope but that for workspaces, whose holder may see and delete all of them."""
    return (scope for scope in Scope if scope is not Scope.INSTALLATION)
