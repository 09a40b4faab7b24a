"""CloudEvents over HTTP: the official SDK's requests are taken, with the checks and answers of publishEvent."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from app.access.keys import KeyDraft, create_key
from app.access.reach import Reach
from app.access.tokens import create_access_token
from app.statuses import Scope
from app.web.application import create_application
from app.web.events.cloud_events import key_of
from tests.app.web.conftest import client_of
from tests.world import TICKET, World, open_world

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EVENT = {"specversion": "1.0", "id": "1", "source": "/tickets", "type": "ticket.created", "data": TICKET}
STRUCTURED = {"content-type": "application/cloudevents+json; charset=UTF-8"}
BATCH = {"content-type": "application/cloudevents-batch+json"}


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, works=False) as opened:
        yield opened


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(create_application(world.resources)) as client:
        client.headers["authorization"] = f"Bearer {world.key}"
        yield client


async def post(http: httpx.AsyncClient, event: Any = EVENT, **headers: str) -> httpx.Response:
    """Send an event in structured mode."""
    return await http.post("/events", content=orjson.dumps(event), headers={**STRUCTURED, **headers})


def errors(response: httpx.Response) -> list[tuple[list[str], str]]:
    """Path and code of each error of a refusal, which all have a sentence."""
    assert response.headers["content-type"] == "application/json"
    found = response.json()["errors"]
    assert all(len(error["message"]) > 10 for error in found)
    return [(error.get("path", []), error["extensions"]["code"]) for error in found]


@pytest.mark.parametrize("mode", [to_structured_event, to_binary_event])
async def test_the_official_sdk_publishes(world: World, http: httpx.AsyncClient, mode: Any) -> None:
    await world.webhook()
    attributes = {"id": "é 1", "source": "/desk/ü", "type": "ticket.created", "time": AT, "specversion": "1.0"}
    attributes |= {"datacontenttype": "application/json", "subject": "tkt_1", "partitionkey": "tkt_1"}
    sent = mode(CloudEvent(attributes, TICKET))

    first = await http.post("/events", content=sent.body, headers=sent.headers)
    again = await http.post("/events", content=sent.body, headers=sent.headers)

    [row] = await world.rows("event")
    assert (first.status_code, first.json()) == (200, {"id": row["id"], "deliveryCount": 1, "duplicate": False})
    assert again.json() == {"id": row["id"], "deliveryCount": 1, "duplicate": True}
    assert (row["idempotency_key"], row["ordering_key"]) == ("/desk/ü é 1", "tkt_1")
    assert orjson.loads(row["body"]) == {
        "id": row["id"],
        "type": "ticket.created",
        "timestamp": "2026-11-23T10:00:00.000Z",
        "data": TICKET,
    }


async def test_data_in_base64_is_read_as_json(world: World, http: httpx.AsyncClient) -> None:
    sent = to_structured_event(
        CloudEvent({"id": "1", "source": "/a", "type": "ticket.created", "specversion": "1.0"}, orjson.dumps(TICKET))
    )

    response = await http.post("/events", content=sent.body, headers=sent.headers)

    assert b"data_base64" in sent.body
    assert response.status_code == 200, response.text
    assert orjson.loads((await world.rows("event"))[0]["body"])["data"] == TICKET


async def test_a_batch_is_published_as_a_whole_or_not_at_all(world: World, http: httpx.AsyncClient) -> None:
    await world.webhook()
    events: list[dict[str, Any]] = [{**EVENT, "id": str(number)} for number in range(3)]
    wrong = [*events[:2], {**EVENT, "id": "3", "type": "ticket.burnt"}, {**EVENT, "source": 5}]

    refused = [await http.post("/events", json=batch, headers=BATCH) for batch in (wrong, wrong[:3])]
    published = await http.post("/events", json=events, headers=BATCH)

    assert [errors(each) for each in refused] == [[(["3", "source"], "INVALID")], [(["2", "type"], "INVALID")]]
    assert [event["deliveryCount"] for event in published.json()["events"]] == [1, 1, 1]
    assert [event["id"] for event in published.json()["events"]] == [row["id"] for row in await world.rows("event")]


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ({"specversion": "0.3"}, ["specversion"], "INVALID"),
        ({"id": None}, ["id"], "REQUIRED"),
        ({"id": ""}, ["id"], "INVALID"),
        ({"source": "a b"}, ["source"], "INVALID"),
        ({"type": "ticket.burnt"}, ["type"], "INVALID"),
        ({"time": "yesterday"}, ["time"], "INVALID"),
        ({"partitionkey": "x" * 256}, ["partitionkey"], "TOO_LONG"),
        ({"sequence": "1"}, ["sequence"], "INVALID"),
        ({"datacontenttype": "text/plain"}, ["datacontenttype"], "INVALID"),
        ({"data": None}, ["data"], "INVALID_PAYLOAD"),
        ({"data": {"ticket": {"id": 5}}}, ["data", "ticket", "id"], "INVALID_PAYLOAD"),
        ({"data": {**TICKET, "n": 10**30}}, ["data", "n"], "INVALID_PAYLOAD"),
        ({"data_base64": "e30="}, ["data_base64"], "INVALID_PAYLOAD"),
        ({"data": None, "data_base64": "?"}, ["data_base64"], "INVALID_PAYLOAD"),
    ],
)
async def test_what_is_wrong_is_said_with_the_senders_own_names(
    world: World, http: httpx.AsyncClient, change: dict[str, Any], path: list[str], code: str
) -> None:
    content = json.dumps({**EVENT, **change})  # as orjson does not write numbers of this length

    response = await http.post("/events", content=content, headers=STRUCTURED)

    assert (response.status_code, errors(response)) == (400, [(path, code)])
    assert await world.rows("event") == []


@pytest.mark.parametrize("extension", ["subject", "dataschema", "tracestate"])
async def test_attributes_that_have_no_place_in_an_event_are_allowed(
    world: World, http: httpx.AsyncClient, extension: str
) -> None:
    assert (await post(http, {**EVENT, extension: "x"})).status_code == 200


async def test_an_event_belongs_to_its_own_trace_or_that_of_its_request(world: World, http: httpx.AsyncClient) -> None:
    own, around = (f"00-{digit * 32}-{digit * 16}-01" for digit in "12")

    await post(http, {**EVENT, "traceparent": own}, traceparent=around)
    await post(http, {**EVENT, "id": "2"}, traceparent=around)

    assert [row["trace"][:55] for row in await world.rows("event")] == [own, around]


async def test_the_same_id_and_source_with_other_content_are_a_conflict(world: World, http: httpx.AsyncClient) -> None:
    other = {**EVENT, "data": {"ticket": {**TICKET["ticket"], "id": "tkt_2"}}}

    statuses = [(await post(http, event)).status_code for event in (EVENT, {**other, "source": "/elsewhere"})]
    conflict = await post(http, other)

    assert statuses == [200, 200]
    # Not 409: forwarders of CloudEvents retry that.
    assert (conflict.status_code, errors(conflict)) == (400, [(["id"], "CONFLICT")])


def test_a_key_that_is_long_or_unprintable_is_hashed_and_no_two_are_the_same() -> None:
    keys = [key_of("/a", "1"), key_of("/a" * 200, "1"), key_of("/a", "\n"), key_of("/a", "\ud800"), key_of("/a", "1 ")]

    assert keys[0] == "/a 1"
    assert len(set(keys)) == 5
    assert all(len(key) < 256 and key.isprintable() for key in keys)


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"content-type": "application/json"}, b"{}"),
        ({"content-type": "application/cloudevents+xml"}, b"<event/>"),
        ({"content-type": "application/cloudevents+json; charset=latin-1"}, b"{}"),
        ({}, b""),
    ],
)
async def test_another_content_type_is_refused_with_those_that_are_taken(
    world: World, http: httpx.AsyncClient, headers: dict[str, str], content: bytes
) -> None:
    response = await http.post("/events", content=content, headers=headers)

    assert (response.status_code, errors(response)) == (415, [([], "BAD_USER_INPUT")])


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b""])
async def test_what_is_no_event_is_refused(world: World, http: httpx.AsyncClient, content: bytes) -> None:
    answers = [await http.post("/events", content=content, headers=kind) for kind in (STRUCTURED, BATCH)]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert all(errors(answer) for answer in answers)


async def test_a_key_needs_publish_and_a_narrowed_token_publishes_what_it_sees(
    world: World, http: httpx.AsyncClient
) -> None:
    reader = await create_key(world.resources, world.caller, KeyDraft("reader", (Scope.READ, Scope.MANAGE)))
    authenticate = world.resources.authenticator.authenticate
    admin = await authenticate(world.key, "127.0.0.1")
    reach = Reach(event_types=["ticket.created"])
    made = await create_access_token(world.resources.authenticator, admin, [Scope.PUBLISH], 60, reach)
    tokened = {"authorization": f"Bearer {made.token}"}

    without = await post(http, authorization="")
    wrong_scope = await post(http, authorization=f"Bearer {reader.key}")
    seen = await post(http, **tokened)
    not_seen = await post(http, {**EVENT, "type": "ticket.updated"}, **tokened)

    assert (without.status_code, errors(without)) == (401, [([], "UNAUTHENTICATED")])
    assert without.headers["www-authenticate"] == "Bearer"
    assert (wrong_scope.status_code, errors(wrong_scope)) == (403, [([], "FORBIDDEN")])
    assert seen.status_code == 200
    assert (not_seen.status_code, errors(not_seen)) == (400, [(["type"], "INVALID")])


async def test_the_same_event_of_two_workspaces_is_two_events(world: World, http: httpx.AsyncClient) -> None:
    neighbour = await world.neighbour()
    theirs = await create_key(world.resources, neighbour.caller, KeyDraft("theirs", (Scope.PUBLISH,)))

    answers = [(await post(http)).json(), (await post(http, authorization=f"Bearer {theirs.key}")).json()]

    assert [answer["duplicate"] for answer in answers] == [False, False]


async def test_the_rate_of_the_key_holds(database_url: str, tmp_path: Path) -> None:
    async with (
        open_world(database_url, tmp_path, works=False, rate_limit_per_second=1, rate_limit_burst=1) as world,
        client_of(create_application(world.resources)) as http,
    ):
        answers = [await post(http, authorization=f"Bearer {world.key}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert answers[1].headers["retry-after"] == "1"
