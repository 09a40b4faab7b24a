"""Deliveries over the API: the results of events, attempt by attempt, in few statements; and retries and
cancellations.
"""

from typing import Any

import pytest

from app.access.actor import Actor
from app.access.caller import Caller
from app.access.keys import create_workspace
from app.catalogue import BUILT_IN
from app.publishing.draft import EventDraft
from app.statuses import ActorKind, Scope
from tests.domain import Domain
from tests.graph.conftest import Api, api_of
from tests.graph.counting import counted
from tests.receiver import answer
from tests.world import TICKET, World

PAGE = """
query($filter: DeliveryFilter) {
  deliveries(first: 50, filter: $filter) {
    nodes {
      id status attemptCount lastOutcome lastResponseStatus createdAt completedAt nextAttemptAt
      event { id type data }
      webhook { id name headers { name value } secrets { id } }
      attempts(last: 1) {
        nodes { id number trigger outcome durationMs error request { method url headers { name value } body }
                response { status headers { name value } body truncated } }
        pageInfo { hasNextPage hasPreviousPage }
      }
    }
    pageInfo { hasNextPage hasPreviousPage }
  }
}
"""


async def published(world: World, count: int) -> None:
    drafts = [EventDraft("ticket.created", TICKET | {"number": number}) for number in range(count)]
    await world.resources.publisher.publish(world.caller, drafts, batch=True)


async def test_a_page_of_50_deliveries_with_webhook_event_and_last_attempt_takes_few_statements(
    world: World, live: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await world.webhook(f"/{number}", name=f"Number {number}")
    await published(world, 10)
    await world.until_status(*["SUCCEEDED"] * 50)
    await live.data("{ viewer { scopes } }")  # the key is cached from here on

    with counted(world.resources.database, monkeypatch) as statements:
        page = (await live.data(PAGE))["deliveries"]

    assert len(page["nodes"]) == 50
    assert {node["webhook"]["name"] for node in page["nodes"]} == {f"Number {number}" for number in range(5)}
    assert sorted(node["event"]["data"]["number"] for node in page["nodes"]) == sorted([*range(10)] * 5)
    assert all(len(node["attempts"]["nodes"]) == 1 for node in page["nodes"])
    # deliveries, webhooks, their secrets, events, their bodies, attempts, the attempts' deliveries, response bodies,
    # and what their event types mask
    assert 1 < len(statements) <= 9, statements


async def test_pages_within_pages_take_one_statement_a_level(
    world: World, live: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await world.webhook(f"/{number}")
    await published(world, 10)
    document = """{
      webhooks { nodes { deliveries(first: 3) { nodes { id attempts(first: 1) { nodes { id } } } } } }
      events { nodes { deliveries(last: 2) { nodes { id } } } }
    }"""
    await live.data("{ viewer { scopes } }")

    with counted(world.resources.database, monkeypatch) as statements:
        data = await live.data(document)

    assert [len(node["deliveries"]["nodes"]) for node in data["webhooks"]["nodes"]] == [3] * 5
    assert [len(node["deliveries"]["nodes"]) for node in data["events"]["nodes"]] == [2] * 10
    # webhooks (ids, rows), their deliveries, attempts; events, their deliveries
    assert 1 < len(statements) <= 6, statements


async def test_an_attempt_shows_what_was_sent_and_what_came_back(world: World, live: Api) -> None:
    webhook = await world.webhook("/hook", name="Desk")
    event = await world.publish()
    await world.until_status("SUCCEEDED")

    [delivery] = (await live.data(PAGE))["deliveries"]["nodes"]

    [attempt] = delivery["attempts"]["nodes"]
    [received] = world.receiver.requests
    names = {header["name"].lower() for header in attempt["request"]["headers"]}
    assert (delivery["event"]["id"], delivery["webhook"]["id"]) == (event.row.id, webhook.id)
    assert (delivery["status"], delivery["attemptCount"], delivery["lastResponseStatus"]) == ("SUCCEEDED", 1, 200)
    assert (attempt["number"], attempt["trigger"], attempt["outcome"]) == (1, "FIRST", "SUCCEEDED")
    assert (attempt["request"]["method"], attempt["request"]["url"]) == ("POST", world.receiver.url("/hook"))
    assert attempt["request"]["body"].encode() == received.body == event.row.body.encode()
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= names
    assert (attempt["response"]["status"], attempt["response"]["truncated"]) == (200, False)
    assert 0 < attempt["durationMs"] < 10_000
    assert attempt["error"] is None


async def test_a_delivery_shows_its_place_among_those_of_its_webhook_as_each_attempt_sent_it(
    world: World, live: Api
) -> None:
    webhook = await world.webhook(event_types=["ticket.created"])
    await world.webhook("/other")
    await world.publish("ticket.updated")
    await published(world, 2)
    await live.data("mutation($id: ID!) { pingWebhook(input: { id: $id }) { delivery { id } } }", id=webhook.id)
    await world.until_rows(6, "attempt")

    data = await live.data(
        "query($id: ID!) { webhook(id: $id) { deliveries(last: 10) { nodes {"
        " sequence event { test } attempts { nodes { request { headers { name value } } } } } } } }",
        id=webhook.id,
    )

    deliveries = data["webhook"]["deliveries"]["nodes"]
    sent = [
        {header["name"]: header["value"] for header in delivery["attempts"]["nodes"][0]["request"]["headers"]}.get(
            "webhook-sequence"
        )
        for delivery in deliveries
    ]
    assert [(one["sequence"], one["event"]["test"]) for one in deliveries] == [(None, True), (2, False), (1, False)]
    assert sent == [None, "2", "1"]


async def test_an_attempt_that_was_not_answered_has_no_response(world: World, live: Api) -> None:
    await world.webhook(url="http://127.0.0.1:2/", retry_delays_seconds=[])
    await world.publish()
    await world.until_status("FAILED")

    [delivery] = (await live.data(PAGE))["deliveries"]["nodes"]

    [attempt] = delivery["attempts"]["nodes"]
    assert attempt["response"] is None
    assert attempt["outcome"] == "CONNECTION_ERROR"
    assert attempt["error"].endswith(".")


EXPLAINED = """{ deliveries { nodes { id attempts { nodes {
  error durationMs delivery { id }
  timing { resolveMs connectMs tlsMs sendMs firstByteMs totalMs connectionReused }
} } } } }"""


async def test_an_attempt_says_how_long_its_parts_took_and_whether_its_connection_was_reused(
    world: World, live: Api
) -> None:
    await world.webhook()
    for count in (1, 2):
        await world.publish()
        await world.until_status(*["SUCCEEDED"] * count)

    second, first = (await live.data(EXPLAINED))["deliveries"]["nodes"]

    [new], [reused] = first["attempts"]["nodes"], second["attempts"]["nodes"]
    assert (new["delivery"]["id"], reused["delivery"]["id"]) == (first["id"], second["id"])
    assert (new["timing"]["connectionReused"], reused["timing"]["connectionReused"]) == (False, True)
    assert new["timing"]["connectMs"] > 0
    assert (reused["timing"]["connectMs"], new["timing"]["tlsMs"], new["timing"]["resolveMs"]) == (None, None, None)
    for attempt in (new, reused):
        assert attempt["timing"]["firstByteMs"] > 0
        assert attempt["timing"]["totalMs"] == attempt["durationMs"]
        assert attempt["error"] is None


async def test_an_answer_that_is_no_success_is_an_error_that_names_it(world: World, live: Api) -> None:
    world.receiver.on("/", answer(503))
    await world.webhook(retry_delays_seconds=[])
    await world.publish()
    await world.until_status("FAILED")

    [delivery] = (await live.data(EXPLAINED))["deliveries"]["nodes"]

    assert [attempt["error"] for attempt in delivery["attempts"]["nodes"]] == ["Answered 503 Service Unavailable."]


async def test_an_attempt_from_before_its_parts_were_measured_says_how_long_it_took(world: World, live: Api) -> None:
    await world.webhook()
    await world.publish()
    await world.until_status("SUCCEEDED")
    await world.resources.database.execute("UPDATE attempt SET timing = NULL, duration_us = 1500")

    [delivery] = (await live.data(EXPLAINED))["deliveries"]["nodes"]

    [attempt] = delivery["attempts"]["nodes"]
    parts = dict.fromkeys(("resolveMs", "connectMs", "tlsMs", "sendMs", "firstByteMs"))
    assert attempt["timing"] == {**parts, "totalMs": 1.5, "connectionReused": False}


async def test_a_ping_is_answered_with_its_attempt_and_listed_as_a_test(world: World, live: Api) -> None:
    webhook = await world.webhook()
    selection = (
        "delivery { id event { test type } } attempt { trigger outcome response { status } } userErrors { code }"
    )

    pinged = await live.change("pingWebhook", {"id": webhook.id, "eventType": "ticket.resolved"}, selection)
    events = await live.data("{ all: events(filter: {includeTests: true}) { nodes { id } } events { nodes { id } } }")

    assert pinged["userErrors"] == []
    assert pinged["delivery"]["event"] == {"test": True, "type": "ticket.resolved"}
    assert pinged["attempt"] == {"trigger": "TEST", "outcome": "SUCCEEDED", "response": {"status": 200}}
    assert (len(events["all"]["nodes"]), len(events["events"]["nodes"])) == (1, 0)


async def test_a_delivery_is_canceled_and_retried(world: World, live: Api) -> None:
    webhook = await world.webhook()
    await live.change("pauseWebhook", {"id": webhook.id}, "userErrors { code }")
    await world.publish()
    [row] = await world.deliveries()
    selection = "delivery { status } userErrors { code path }"

    canceled = await live.change("cancelDelivery", {"id": row["id"]}, selection)
    retried = await live.change("retryDelivery", {"id": row["id"]}, selection)
    unknown = await live.change("retryDelivery", {"id": "dlv_nothing"}, selection)

    assert canceled == {"delivery": {"status": "CANCELED"}, "userErrors": []}
    assert retried == {"delivery": {"status": "PENDING"}, "userErrors": []}
    assert unknown == {"delivery": None, "userErrors": [{"code": "NOT_FOUND", "path": ["id"]}]}


async def test_a_delivery_of_a_deleted_webhook_still_shows_it(world: World, live: Api) -> None:
    webhook = await world.webhook(name="Gone")
    await world.publish()
    await live.change("deleteWebhook", {"id": webhook.id}, "deletedId")
    document = "{ deliveries { nodes { status webhook { id name status statusReason } } } }"

    [delivery] = (await live.data(document))["deliveries"]["nodes"]

    assert delivery["webhook"] == {
        "id": webhook.id,
        "name": "Gone",
        "status": "DISABLED",
        "statusReason": "Deleted.",
    }


async def test_another_workspaces_delivery_is_one_that_never_existed(world: World, live: Api) -> None:
    async with world.resources.database.transaction() as statements:
        other = await create_workspace(statements, "other", world.resources.clock.now())
    await world.webhook()
    event = await world.publish()
    [row] = await world.deliveries()
    eve = Caller(other.id, Actor(ActorKind.PERSON, name="Eve"), frozenset(Scope))
    stranger = await api_of(live.resources, live.http, eve)
    document = """query($delivery: ID!, $event: ID!, $webhook: ID!) {
      delivery(id: $delivery) { id } event(id: $event) { id } node(id: $delivery) { id }
      deliveries(filter: {webhookId: $webhook}) { nodes { id } } events { nodes { id } }
    }"""

    data = await stranger.data(document, delivery=row["id"], event=event.row.id, webhook=row["webhook_id"])
    codes = [
        (await stranger.change(mutation, {"id": row["id"]}, "userErrors { code }"))["userErrors"][0]["code"]
        for mutation in ("retryDelivery", "cancelDelivery")
    ]

    assert data == {"delivery": None, "event": None, "node": None, "deliveries": {"nodes": []}, "events": {"nodes": []}}
    assert codes == ["NOT_FOUND", "NOT_FOUND"]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({}, "tta"),
        ({"statuses": ["PENDING"]}, "tta"),
        ({"statuses": ["PENDING", "SUCCEEDED", "PENDING"]}, "tta"),
        ({"statuses": ["FAILED", "SUCCEEDED"]}, ""),
        ({"statuses": []}, ""),
        ({"eventTypes": ["ticket.created"]}, "tt"),
        ({"eventTypes": ["agent.*"]}, "a"),
        ({"eventTypes": ["agent.*", "ticket.created"]}, "tta"),
        ({"eventTypes": ["agen.*", "ticket"]}, ""),
        ({"eventTypes": ["*"]}, "tta"),
        ({"eventTypes": []}, ""),
        ({"eventId": "evt_nothing"}, ""),
        ({"webhookId": "\x00"}, ""),
        ({"time": {"since": "2000-01-01T00:00:00Z", "until": "2100-01-01T00:00:00+02:00"}}, "tta"),
        ({"time": {"since": "1900-01-01T00:00:00Z"}}, "tta"),
        ({"time": {"until": "1900-01-01T00:00:00Z"}}, ""),
        ({"time": {"since": "2100-01-01T00:00:00Z"}}, ""),
        ({"time": {"until": "2026-03-14T09:26:54Z"}}, "a"),
        ({"time": {"since": "2026-03-14T09:26:54Z"}}, "tt"),
        ({"time": {}}, "tta"),
    ],
)
async def test_deliveries_are_found_by_what_they_are(
    api: Api, domain: Domain, filter_: dict[str, Any], found: str
) -> None:
    draft = {"name": "All", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}
    webhook = (await api.change("createWebhook", draft, "webhook { id }"))["webhook"]
    for event_type, seconds in (("agent.error", 10), ("ticket.created", 1), ("ticket.created", 1)):
        data = dict(BUILT_IN[event_type].example)
        await api.change("publishEvent", {"type": event_type, "data": data}, "event { id }")
        domain.clock.advance(seconds)
    document = """query($filter: DeliveryFilter, $webhook: ID!) {
      deliveries(filter: $filter) { nodes { event { type } } }
      webhook(id: $webhook) { deliveries(filter: $filter) { nodes { event { type } } } }
    }"""

    data = await api.data(document, filter=filter_, webhook=webhook["id"])

    assert _initials(data["deliveries"]) == found
    assert _initials(data["webhook"]["deliveries"]) == found


def _initials(connection: dict[str, Any]) -> str:
    return "".join(node["event"]["type"][0] for node in connection["nodes"])
