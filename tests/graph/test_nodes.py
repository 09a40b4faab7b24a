"""`node` and `nodes`: any object by its ID, many in a few statements, and none of another workspace."""

import pytest

from app import ids
from app.statuses import Scope
from tests.domain import Domain
from tests.graph.conftest import Api, on_sqlite_only
from tests.graph.counting import counted

NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on EventType { name } } }"
DRAFT = {
    "name": "order.shipped",
    "description": "An order left the house.",
    "jsonSchema": {"type": "object"},
    "example": {},
}
WEBHOOK = {"name": "Desk", "url": "https://93.184.215.14/", "eventTypes": ["*"]}


async def a_webhook(api: Api) -> tuple[str, str]:
    """The IDs of a new webhook and of its secret."""
    payload = await api.change("createWebhook", WEBHOOK, "webhook { id secrets { id } } userErrors { message }")
    webhook = payload["webhook"]
    return webhook["id"], webhook["secrets"][0]["id"]


async def test_objects_of_any_types_are_fetched_in_the_order_asked(api: Api, stranger: Api) -> None:
    webhook, secret = await a_webhook(api)
    await api.change("createEventType", DRAFT, "eventType { id }")
    types = await api.data('{ own: eventType(name: "order.shipped") { id } eventType(name: "ticket.created") { id } }')
    [entry] = (await api.data("{ auditLog(first: 1) { nodes { id } } }"))["auditLog"]["nodes"]
    own, built_in = types["own"]["id"], types["eventType"]["id"]
    asked = [built_in, webhook, "wh_nonsense", secret, own, entry["id"], webhook, ids.id_of_name(ids.WEBHOOK, "none")]

    found = await api.data(NODES, ids=asked)
    elsewhere = await stranger.data(NODES, ids=asked)

    assert found["nodes"] == [
        {"__typename": "EventType", "id": built_in, "name": "ticket.created"},
        {"__typename": "Webhook", "id": webhook},
        None,
        {"__typename": "WebhookSecret", "id": secret},
        {"__typename": "EventType", "id": own, "name": "order.shipped"},
        {"__typename": "AuditEntry", "id": entry["id"]},
        {"__typename": "Webhook", "id": webhook},
        None,
    ]
    assert elsewhere["nodes"] == [{"__typename": "EventType", "id": built_in, "name": "ticket.created"}, *[None] * 7]


async def test_an_event_type_is_found_by_its_id_and_a_built_in_one_has_the_same_everywhere(
    api: Api, stranger: Api
) -> None:
    document = "{ eventTypes { id name } }"
    listed = (await api.data(document))["eventTypes"]

    found = await api.data("query($id: ID!) { node(id: $id) { ... on EventType { name } } }", id=listed[0]["id"])

    assert found["node"]["name"] == listed[0]["name"]
    assert len({each["id"] for each in listed}) == len(listed)
    assert all(ids.is_id(ids.EVENT_TYPE, each["id"]) for each in listed)
    assert (await stranger.data(document))["eventTypes"] == listed


async def test_an_archived_event_type_keeps_its_id(api: Api) -> None:
    document = '{ eventType(name: "ticket.created") { id archived } }'
    before = (await api.data(document))["eventType"]
    await api.change("updateEventType", {"name": "ticket.created", "archived": True}, "eventType { id }")

    assert (await api.data(document))["eventType"] == {"id": before["id"], "archived": True}


async def test_objects_of_one_type_are_read_in_one_statement(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [await a_webhook(api) for _ in range(5)]
    asked = [id_ for both in made for id_ in both]

    with counted(api.resources.database, monkeypatch, everywhere=True) as statements:
        found = await api.data("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=asked)

    assert [node["id"] for node in found["nodes"]] == asked
    assert sum('FROM "secret"' in statement for statement in statements) == 1
    assert sum('FROM "webhook"' in statement for statement in statements) == 1


async def test_one_that_the_caller_may_not_see_is_an_error_of_its_own(api: Api, domain: Domain) -> None:
    webhook, _ = await a_webhook(api)
    [entry] = (await api.data("{ auditLog(first: 1) { nodes { id } } }"))["auditLog"]["nodes"]
    reader = await api.with_key(domain.caller, Scope.READ)

    answer = await reader.ask("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[entry["id"], webhook])

    assert answer["data"]["nodes"] == [None, {"id": webhook}]
    assert [(error["path"], error["extensions"]["code"]) for error in answer["errors"]] == [(["nodes", 0], "FORBIDDEN")]


@on_sqlite_only
async def test_the_number_of_ids_is_limited_and_each_costs(api: Api) -> None:
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"

    allowed = await api.ask(document, ids=["wh_1"] * 100)
    error = await api.error(document, ids=["wh_1"] * 101)

    assert allowed["data"]["nodes"] == [None] * 100
    assert allowed["extensions"]["cost"]["requested"] == 200
    assert error["message"] == "The argument ids has 101 ids, but at most 100 are allowed."
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}
