"""Background operations over the API: counted, begun, followed to their end."""

from typing import Any

import pytest

from app.catalogue import BUILT_IN
from tests.graph.conftest import Api
from tests.graph.serving import served, socket, until_followed
from tests.world import World

BEGUN = "matched operation { id kind status matched done createdAt completedAt } userErrors { path code message }"
TICKET = dict(BUILT_IN["ticket.created"].example)


async def test_failed_deliveries_are_retried_in_the_background_and_watched(world: World, live: Api) -> None:
    webhook = await world.webhook(url="http://127.0.0.1:2/", retry_delays_seconds=[])
    await world.publish()
    await world.publish()
    await world.until_status("FAILED", "FAILED")
    filter_ = {"webhookId": webhook.id, "statuses": ["FAILED"]}
    await live.change("updateWebhook", {"id": webhook.id, "url": world.receiver.url("/")}, "userErrors { code }")

    dry = await live.change("retryDeliveries", {"filter": filter_, "dryRun": True}, BEGUN)
    async with served(world.resources) as address, socket(address) as opened:
        await opened.introduce(world.key)
        await opened.subscribe("subscription { operationUpdates { id status done } }")
        await until_followed(world.resources)
        begun = await live.change("retryDeliveries", {"filter": filter_}, BEGUN)
        seen = [(await opened.next())["operationUpdates"]]
        while seen[-1]["status"] == "RUNNING":
            seen.append((await opened.next())["operationUpdates"])
    await world.until_status("SUCCEEDED", "SUCCEEDED")
    id_ = begun["operation"]["id"]
    document = "query($id: ID!) { operation(id: $id) { status done completedAt } node(id: $id) { __typename } }"
    ended = await live.data(document, id=id_)

    assert (dry["matched"], dry["operation"]) == (2, None)
    assert (begun["matched"], begun["operation"]["kind"], begun["operation"]["status"]) == (
        2,
        "retryDeliveries",
        "RUNNING",
    )
    assert seen[-1] == {"id": id_, "status": "COMPLETED", "done": 2}
    assert (ended["operation"]["status"], ended["operation"]["done"]) == ("COMPLETED", 2)
    assert ended["operation"]["completedAt"] is not None
    assert ended["node"] == {"__typename": "Operation"}


async def test_waiting_deliveries_are_given_up_by_filter(api: Api) -> None:
    draft = {"name": "Desk", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}
    await api.change("createWebhook", draft, "webhook { id }")
    await api.change("publishEvent", {"type": "ticket.created", "data": TICKET}, "event { id }")

    none = await api.change("cancelDeliveries", {"filter": {"eventTypes": ["agent.*"]}, "dryRun": True}, BEGUN)
    one = await api.change("cancelDeliveries", {"filter": {}, "dryRun": None}, BEGUN)

    assert (none["matched"], none["operation"]) == (0, None)
    assert (one["matched"], one["operation"]["kind"], one["operation"]["done"]) == (1, "cancelDeliveries", 0)


async def test_past_events_are_replayed_to_a_webhook_that_never_got_them(world: World, live: Api) -> None:
    await world.publish()
    webhook = await world.webhook()
    time = {"since": "2000-01-01T00:00:00Z"}

    replayed = await live.change("replayEvents", {"webhookId": webhook.id, "time": time}, BEGUN)
    await world.until_status("SUCCEEDED")
    again = await live.change("replayEvents", {"webhookId": webhook.id, "time": time, "dryRun": True}, BEGUN)
    everything = await live.change(
        "replayEvents", {"webhookId": webhook.id, "time": time, "onlyMissing": False, "dryRun": True}, BEGUN
    )
    [delivery] = (await live.data("{ deliveries { nodes { attempts { nodes { trigger } } } } }"))["deliveries"]["nodes"]

    assert (replayed["matched"], replayed["operation"]["kind"]) == (1, "replayEvents")
    assert (again["matched"], everything["matched"]) == (0, 1)
    assert delivery["attempts"]["nodes"] == [{"trigger": "REPLAY"}]


@pytest.mark.parametrize(
    ("mutation", "input_", "path", "code"),
    [
        ("retryDeliveries", {"filter": {"webhookId": "wh_nothing"}}, ["filter", "webhookId"], "NOT_FOUND"),
        ("retryDeliveries", {"filter": {"eventTypes": ["?"]}}, ["filter", "eventTypes", "0"], "INVALID"),
        ("cancelDeliveries", {"filter": {"statuses": ["SUCCEEDED"]}}, ["filter", "statuses"], "INVALID"),
        ("replayEvents", {"webhookId": "wh_nothing", "time": {}}, ["webhookId"], "NOT_FOUND"),
    ],
)
async def test_what_is_wrong_with_what_is_asked_for_is_said_with_its_place(
    api: Api, mutation: str, input_: dict[str, Any], path: list[str], code: str
) -> None:
    payload = await api.change(mutation, input_, BEGUN)

    assert (payload["matched"], payload["operation"]) == (None, None)
    assert [(error["path"], error["code"]) for error in payload["userErrors"]] == [(path, code)]


async def test_another_workspaces_operation_is_one_that_never_existed(api: Api, stranger: Api) -> None:
    begun = await api.change("cancelDeliveries", {"filter": {}}, BEGUN)
    id_ = begun["operation"]["id"]

    found = await stranger.data("query($id: ID!) { operation(id: $id) { id } node(id: $id) { id } }", id=id_)
    async with served(api.resources) as address, socket(address) as opened:
        await opened.introduce(stranger.key)
        await opened.subscribe("subscription($id: ID) { operationUpdates(operationId: $id) { id } }", {"id": id_})
        error = await opened.receive()

    assert found == {"operation": None, "node": None}
    assert error["payload"][0]["message"] == f"The argument operationId is {id_}, but no operation has this id."


async def test_a_filter_takes_a_limited_number_of_values(api: Api) -> None:
    many = ["ticket.created"] * 101
    errors = [
        await api.error("query($t: [String!]) { deliveries(filter: {eventTypes: $t}) { nodes { id } } }", t=many),
        await api.error("query($t: [String!]) { events(filter: {types: $t}) { nodes { id } } }", t=many),
    ]
    refused = await api.change("cancelDeliveries", {"filter": {"eventTypes": many}}, "userErrors { message path code }")

    assert all("has 101 values; at most 100" in error["message"] for error in errors)
    assert [error["extensions"] for error in errors] == [{"code": "BAD_USER_INPUT"}] * 2
    [error] = refused["userErrors"]
    assert (error["code"], error["path"]) == ("TOO_MANY", ["filter", "eventTypes"])
    assert "101 event types; at most 100" in error["message"]


async def test_operations_are_listed_with_who_started_them_and_canceled(api: Api, stranger: Api) -> None:
    begun = [(await api.change("cancelDeliveries", {"filter": {}}, BEGUN))["operation"]["id"] for _ in range(2)]
    document = """{
      operations(first: 1) { nodes { id kindCode status createdBy { kind id name } } pageInfo { hasNextPage } }
      viewer { apiKey { id } actor { kind id name } expiresAt }
    }"""

    listed = await api.data(document)
    canceled = await api.change("cancelOperation", {"id": begun[1]}, "operation { id status } userErrors { code }")
    refused = await stranger.change("cancelOperation", {"id": begun[0]}, "operation { id } userErrors { path code }")
    theirs = await stranger.data("{ operations { edges { cursor node { id } } } }")

    actor = {"kind": "API_KEY", "id": listed["viewer"]["apiKey"]["id"], "name": "test"}
    assert listed["operations"] == {
        "nodes": [{"id": begun[1], "kindCode": "CANCEL_DELIVERIES", "status": "RUNNING", "createdBy": actor}],
        "pageInfo": {"hasNextPage": True},
    }
    assert (listed["viewer"]["actor"], listed["viewer"]["expiresAt"]) == (actor, None)
    assert canceled == {"operation": {"id": begun[1], "status": "CANCELED"}, "userErrors": []}
    assert refused == {"operation": None, "userErrors": [{"path": ["id"], "code": "NOT_FOUND"}]}
    assert theirs["operations"] == {"edges": []}
