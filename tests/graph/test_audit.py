"""The audit log over the whole API: each mutation that changes something leaves an entry, without a secret in it."""

from typing import Any

import pytest

from tests.app.operations.desk import Desk
from tests.domain import Domain
from tests.graph.conftest import Api

# They create events and send them, but change no setting.
CHANGE_NOTHING = {
    *("publishEvent", "publishEvents", "pingWebhook", "testConnection", "testWebhook", "testContact", "previewFilter")
}
ENTRY = "id at actor by { kind id name } action subjectId changes sourceAddress"
SECRETS = ["hunter2", "whsec_", "eev_", "eevt_"]
ALWAYS = {"since": "2026-01-01T00:00:00Z"}
BACKUP = {"type": "system.backup", "data": {"backup": {"id": "b", "status": "completed", "type": "full"}}}
DRAFT = {
    "name": "Desk",
    "url": "http://127.0.0.1:2/",
    "eventTypes": ["system.*"],
    "headers": [{"name": "X-Key", "value": "hunter2", "sensitive": True}],
    "authentication": {"basic": {"username": "ada", "password": "hunter2"}},
}


class Tour:
    """Runs one mutation after another, and records which entries each left."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._seen: set[str] = set()
        self.left: dict[str, list[dict[str, Any]]] = {}

    async def do(self, mutation: str, input: dict[str, Any], selection: str = "") -> dict[str, Any]:
        """The payload of a mutation that must succeed."""
        payload = await self._api.change(mutation, input, f"{selection} userErrors {{ message }}")
        assert payload["userErrors"] == []
        self.left[mutation] = await self.new_entries()
        return payload

    async def new_entries(self) -> list[dict[str, Any]]:
        """The entries since the last call."""
        entries = (await self._api.data(f"{{ auditLog(first: 100) {{ nodes {{ {ENTRY} }} }} }}"))["auditLog"]["nodes"]
        new = [entry for entry in entries if entry["id"] not in self._seen]
        self._seen |= {entry["id"] for entry in entries}
        return new


@pytest.fixture
async def tour(api: Api, domain: Domain) -> Tour:
    """A tour through all mutations that change something."""
    tour = Tour(api)
    await tour.new_entries()
    key = (await tour.do("createApiKey", {"name": "CI", "scopes": ["READ"]}, "apiKey { id }"))["apiKey"]
    await tour.do("revokeApiKey", key)
    await tour.do("createAccessToken", {"scopes": ["READ"]}, "token")
    await tour.do("createEventType", {"name": "shop.sold", "description": "Sold."})
    await tour.do("updateEventType", {"name": "shop.sold", "description": "Sold to somebody."})
    webhook = (await tour.do("createWebhook", DRAFT, "webhook { id }"))["webhook"]
    await tour.do("updateWebhook", webhook | {"authentication": {"bearer": "hunter2b"}, "name": "Renamed"})
    rotated = await tour.do("rotateWebhookSecret", webhook, "webhook { secrets { id status } }")
    [old] = [one["id"] for one in rotated["webhook"]["secrets"] if one["status"] == "EXPIRING"]
    await tour.do("revokeWebhookSecret", webhook | {"secretId": old})
    await tour.do("revealWebhookSecret", webhook, "secret")
    await tour.do("pauseWebhook", webhook)
    await tour.do("resumeWebhook", webhook)
    await api.change("publishEvents", {"events": [BACKUP, BACKUP]}, "userErrors { message }")
    delivery = (await api.data("{ deliveries { nodes { id } } }"))["deliveries"]["nodes"][0]
    await tour.do("cancelDelivery", delivery)
    await tour.do("retryDelivery", delivery)
    await tour.do("cancelDeliveries", {"filter": {}}, "matched")
    await tour.do("retryDeliveries", {"filter": {"statuses": ["CANCELED", "PENDING"]}}, "matched")
    await tour.do("replayEvents", {"webhookId": webhook["id"], "time": ALWAYS, "onlyMissing": False}, "matched")
    upsert = {"externalId": "desk", "webhook": {"name": "D", "url": "http://127.0.0.1:2/", "eventTypes": ["agent.*"]}}
    await tour.do("upsertWebhook", upsert)
    [running, *_] = (await api.data("{ operations { nodes { id status } } }"))["operations"]["nodes"]
    await tour.do("cancelOperation", {"id": running["id"]})
    await tour.do("acknowledgeProblem", {"id": await Desk(domain).problem(webhook["id"])})
    await tour.do("eraseData", {"webhookId": webhook["id"]}, "matched")
    contact = {"kind": "WEBHOOK", "target": "http://127.0.0.1:2/", "events": ["*"]}
    await tour.do("deleteContact", (await tour.do("createContact", contact, "contact { id }"))["contact"])
    await tour.do("deleteWebhook", webhook)
    workspace = (await tour.do("createWorkspace", {"name": "Acme"}, "workspace { id }"))["workspace"]
    await tour.do("deleteWorkspace", workspace)
    return tour


async def test_each_mutation_that_changes_something_leaves_one_entry_that_says_who_when_and_from_where(
    tour: Tour, api: Api
) -> None:
    viewer = (await api.data("{ viewer { apiKey { id name } } }"))["viewer"]["apiKey"]
    mutations = (await api.data('{ __type(name: "Mutation") { fields { name } } }'))["__type"]["fields"]

    assert {field["name"] for field in mutations} - CHANGE_NOTHING == set(tour.left)
    for mutation, entries in tour.left.items():
        assert len(entries) == 1, mutation
        assert entries[0]["actor"] == f"{viewer['name']} ({viewer['id']})", mutation
        assert entries[0]["by"] == {"kind": "API_KEY", **viewer}, mutation
        assert entries[0]["sourceAddress"] == "127.0.0.1", mutation
        assert entries[0]["at"] == "2026-03-14T09:26:53.589Z", mutation
        assert entries[0]["subjectId"], mutation


async def test_entries_say_what_changed_and_no_secret(tour: Tour) -> None:
    created = tour.left["createWebhook"][0]["changes"]
    updated = tour.left["updateWebhook"][0]["changes"]

    assert created["name"] == [None, "Desk"]
    assert updated["name"] == ["Desk", "Renamed"]
    assert "authentication" in updated
    assert tour.left["acknowledgeProblem"][0]["changes"] == {"status": ["OPEN", "ACKNOWLEDGED"]}
    assert tour.left["pauseWebhook"][0]["changes"] == {"status": ["ACTIVE", "PAUSED"]}
    assert tour.left["cancelDelivery"][0]["changes"] == {"status": ["PENDING", "CANCELED"]}
    for mutation, entries in tour.left.items():
        assert not [secret for secret in SECRETS if secret in str(entries)], mutation


async def test_the_log_is_narrowed_by_subject_actor_action_and_time(tour: Tour, api: Api) -> None:
    [created] = tour.left["createWebhook"]
    document = "query($filter: AuditFilter) { auditLog(filter: $filter, first: 100) { nodes { id action } } }"

    async def actions(**filter_: object) -> set[str]:
        nodes = (await api.data(document, filter=filter_))["auditLog"]["nodes"]
        return {node["action"] for node in nodes}

    assert await actions(actions=["webhook.paused", "webhook.resumed"]) == {"webhook.paused", "webhook.resumed"}
    assert {"webhook.created", "webhook.deleted"} <= await actions(subjectId=created["subjectId"])
    assert "operation.canceled" not in await actions(subjectId=created["subjectId"])
    assert "webhook.created" in await actions(actorId=created["by"]["id"])
    assert await actions(actorId="nobody") == await actions(actions=[]) == set()
    assert await actions(time={"since": "2026-03-15T00:00:00Z"}) == set()
