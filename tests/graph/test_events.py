"""Events over the API: published, found again, refused with the path of the problem; and their types."""

from json import dumps
from typing import Any

import pytest

from app.catalogue import BUILT_IN
from app.event_types.definitions import create_event_type
from app.event_types.drafts import EventTypeDraft
from app.statuses import Scope
from tests.domain import Domain
from tests.graph.conftest import URL, Api

EVENT = "id type occurredAt createdAt data body test idempotencyKey orderingKey"
ERRORS = "userErrors { message path code }"
TICKET = dict(BUILT_IN["ticket.created"].example)
DRAFT = {"type": "ticket.created", "data": TICKET}
PUBLISH = 'publishEvent(input: {type: "ticket.created", data: $data}) { event { id } }'
WEBHOOK = {"name": "Tickets", "url": "http://127.0.0.1:2/hook", "eventTypes": ["ticket.*"]}


async def publish(api: Api, **fields: Any) -> dict[str, Any]:
    selection = f"event {{ {EVENT} deliveries {{ nodes {{ status }} }} }} deliveryCount duplicate {ERRORS}"
    return await api.change("publishEvent", DRAFT | fields, selection)


async def test_an_event_is_published_with_all_its_fields_and_read_again(api: Api) -> None:
    await api.change("createWebhook", WEBHOOK, "webhook { id }")

    payload = await publish(api, occurredAt="2026-03-14T10:00:00.5+01:00", idempotencyKey="k", orderingKey="o")
    event = payload["event"]
    deliveries = event.pop("deliveries")
    read = await api.data(f"query($id: ID!) {{ event(id: $id) {{ {EVENT} }} }}", id=event["id"])

    assert (payload["deliveryCount"], payload["duplicate"], payload["userErrors"]) == (1, False, [])
    assert deliveries == {"nodes": [{"status": "PENDING"}]}
    assert event["occurredAt"] == "2026-03-14T09:00:00.500Z"
    assert (event["idempotencyKey"], event["orderingKey"], event["test"]) == ("k", "o", False)
    assert event["data"] == TICKET
    assert event["body"].startswith(f'{{"id":"{event["id"]}","type":"ticket.created"')
    assert read["event"] == event


async def test_the_same_key_and_content_give_the_first_event_back(api: Api) -> None:
    first = await publish(api, idempotencyKey="k")

    again = await publish(api, idempotencyKey="k")
    other = await publish(api, idempotencyKey="k", data=TICKET | {"more": 1})

    assert (again["event"], again["duplicate"]) == (first["event"], True)
    assert (other["event"], other["userErrors"][0]["code"]) == (None, "CONFLICT")
    assert other["userErrors"][0]["path"] == ["idempotencyKey"]


async def test_events_are_published_together_or_not_at_all(api: Api) -> None:
    selection = f"events {{ id data }} deliveryCount duplicates {ERRORS}"
    broken = TICKET | {"ticket": TICKET["ticket"] | {"id": 5}}

    published = await api.change(
        "publishEvents",
        {"events": [DRAFT | {"idempotencyKey": "k"}, DRAFT, DRAFT | {"idempotencyKey": "k"}]},
        selection,
    )
    refused = await api.change("publishEvents", {"events": [DRAFT, DRAFT | {"data": broken}]}, selection)
    nothing = await api.change("publishEvents", {"events": []}, selection)
    events = await api.data("{ events { nodes { id } } }")

    ids = [event["id"] for event in published["events"]]
    assert ids[0] == ids[2] != ids[1]
    assert (published["duplicates"], published["deliveryCount"]) == (1, 0)
    assert refused["events"] is None
    assert [error["path"] for error in refused["userErrors"]] == [["events", "1", "data", "ticket", "id"]]
    assert nothing["userErrors"][0]["code"] == "REQUIRED"
    assert {node["id"] for node in events["events"]["nodes"]} == set(ids)


async def test_events_published_together_have_all_their_fields_too(api: Api) -> None:
    given = {"occurredAt": "2026-03-14T09:00:00.500Z", "idempotencyKey": "k", "orderingKey": "o"}
    selection = f"events {{ {EVENT} }} {ERRORS}"

    payload = await api.change("publishEvents", {"events": [DRAFT | given, DRAFT | dict.fromkeys(given)]}, selection)
    every, few = payload["events"]

    assert every.items() >= (DRAFT | given).items()
    assert few["occurredAt"] == few["createdAt"]
    assert (few["data"], few["idempotencyKey"], few["orderingKey"]) == (TICKET, None, None)
    read = await api.data(f"query($id: ID!) {{ event(id: $id) {{ {EVENT} }} }}", id=every["id"])
    assert read["event"] == every


async def test_deliveries_of_an_event_that_comes_again_count_once(api: Api) -> None:
    await api.change("createWebhook", WEBHOOK, "webhook { id }")
    before, new = DRAFT | {"idempotencyKey": "before"}, DRAFT | {"idempotencyKey": "new"}
    await publish(api, idempotencyKey="before")

    published = await api.change(
        "publishEvents", {"events": [before, new, new, before]}, f"events {{ id }} deliveryCount duplicates {ERRORS}"
    )

    assert (published["deliveryCount"], published["duplicates"]) == (2, 3)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ([], ["data"]),
        ("text", ["data"]),
        (1.5, ["data"]),
        ({}, ["data", "ticket"]),
        ({"ticket": 1}, ["data", "ticket"]),
    ],
)
async def test_data_that_its_schema_does_not_know_is_refused_with_its_place(
    api: Api, data: Any, path: list[str]
) -> None:
    payload = await publish(api, data=data)

    places = [(error["path"], error["code"]) for error in payload["userErrors"]]
    assert (payload["event"], payload["deliveryCount"], payload["duplicate"]) == (None, None, None)
    assert (path, "INVALID_PAYLOAD") in places


async def test_data_that_is_null_is_no_json_at_all(api: Api) -> None:
    error = await api.error(f"mutation($data: JSON!) {{ {PUBLISH} }}", data=None)

    assert "$data" in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_json_may_be_written_into_the_query_itself(api: Api) -> None:
    data = '{conversation: {id: $id, list: [1, 2.5, null, true, "é"]}}'
    publishing = f'publishEvent(input: {{type: "conversation.created", data: {data}}}) {{ userErrors {{ path }} }}'

    answer = await api.data(f"mutation($id: JSON) {{ {publishing} }}", id="c")

    assert ["data", "conversation", "id"] not in [error["path"] for error in answer["publishEvent"]["userErrors"]]


async def test_a_number_that_json_cannot_say_is_refused(api: Api) -> None:
    document = 'mutation { publishEvent(input: {type: "ticket.created", data: {a: [1e999]}}) { event { id } } }'

    error = await api.error(document)

    assert "too large" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_of_a_key_that_comes_twice_the_last_value_counts_in_variables_and_a_document_with_one_is_refused(
    api: Api, domain: Domain
) -> None:
    await create_event_type(domain.resources, domain.caller, EventTypeDraft("custom.twice", "Anything."))
    publishing = 'publishEvent(input: {type: "custom.twice", data: %s}) { event { body } }'
    in_variables = dumps({"query": f"mutation($d: JSON!) {{ {publishing % '$d'} }}", "variables": {"d": "?"}})

    content = in_variables.replace('"?"', '{"a":19.90,"a":1E3,"b":-0}')

    headers = {"authorization": f"Bearer {api.key}", "content-type": "application/json"}
    answer = (await api.http.post(URL, content=content, headers=headers)).json()
    error = await api.error(f"mutation {{ {publishing % '{a: 1, a: 2}'} }}")

    assert answer["data"]["publishEvent"]["event"]["body"].endswith('"data":{"a":1000.0,"b":0}}')
    assert "There can be only one input field named 'a'" in error["message"]


EXACT = [2**64 - 1, -(2**63), 2**53 + 1, 10**18]
BEYOND_64_BITS = [2**64, -(2**63) - 1, 10**30]


@pytest.mark.parametrize("way", ["variable", "literal"])
@pytest.mark.parametrize("number", [*EXACT, *BEYOND_64_BITS])
async def test_a_whole_number_goes_out_exactly_or_is_refused_with_its_path(
    api: Api, domain: Domain, number: int, way: str
) -> None:
    await create_event_type(domain.resources, domain.caller, EventTypeDraft("custom.number", "Any number."))
    selection = "event { body } userErrors { code path }"
    document = f'publishEvent(input: {{type: "custom.number", data: {{a: [{number}]}}}}) {{ {selection} }}'
    if way == "variable":
        payload = await api.change("publishEvent", {"type": "custom.number", "data": {"a": [number]}}, selection)
    else:
        payload = (await api.data(f"mutation {{ {document} }}"))["publishEvent"]

    if number in EXACT:
        assert payload["event"]["body"].endswith(f'"data":{{"a":[{number}]}}}}')
    else:
        assert payload["userErrors"] == [{"code": "INVALID_PAYLOAD", "path": ["data", "a", "0"]}]


@pytest.mark.parametrize(
    "time",
    ["2026-03-14", "2026-03-14T10:00:00", "yesterday", 5, "2026-02-30T10:00:00Z", "0001-01-01T00:00:00+01:00", ""],
)
async def test_an_invalid_time_is_refused_with_a_valid_one(api: Api, time: Any) -> None:
    document = "query($since: DateTime) { events(filter: {time: {since: $since}}) { nodes { id } } }"

    error = await api.error(document, since=time)

    assert "write RFC 3339 with an offset, such as 2026-11-23T10:00:00Z" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ({}, "ta"),
        ({"types": ["ticket.created"]}, "t"),
        ({"types": ["agent.*", "nothing"]}, "a"),
        ({"types": ["*"]}, "ta"),
        ({"types": []}, ""),
        ({"idempotencyKey": "k"}, "a"),
        ({"idempotencyKey": "\x00"}, ""),
        ({"time": {"until": "2026-03-14T09:26:54Z"}}, "a"),
        ({"time": {"since": "2026-03-14T09:26:54Z"}}, "t"),
        ({"includeTests": True}, "ta"),
    ],
)
async def test_events_are_found_by_type_time_and_key(
    api: Api, domain: Domain, filter_: dict[str, Any], found: str
) -> None:
    await publish(api, type="agent.error", data=dict(BUILT_IN["agent.error"].example), idempotencyKey="k")
    domain.clock.advance(10)
    await publish(api)

    document = "query($filter: EventFilter) { events(filter: $filter) { nodes { type } } }"
    events = (await api.data(document, filter=filter_))["events"]

    assert "".join(node["type"][0] for node in events["nodes"]) == found


async def test_publishing_needs_its_scope_and_shows_what_was_published(api: Api, domain: Domain) -> None:
    reader = await api.with_key(domain.caller, Scope.READ)
    publisher = await api.with_key(domain.caller, Scope.PUBLISH)

    refused = await reader.error(f"mutation($data: JSON!) {{ {PUBLISH} }}", data=TICKET)
    published = await publish(publisher)
    unread = await publisher.error("{ events { nodes { id } } }")

    assert refused["extensions"] == unread["extensions"] == {"code": "FORBIDDEN"}
    assert published["event"]["data"] == TICKET


@pytest.mark.parametrize("further", ["webhook { url }", "attempts { nodes { request { url } } }"])
async def test_a_key_that_only_publishes_sees_nothing_of_the_webhooks(api: Api, domain: Domain, further: str) -> None:
    await api.change("createWebhook", WEBHOOK, "webhook { id }")
    publisher = await api.with_key(domain.caller, Scope.PUBLISH)
    selection = f"event {{ deliveries {{ nodes {{ {further} }} }} }}"

    error = await publisher.error(
        f"mutation($input: PublishEventInput!) {{ publishEvent(input: $input) {{ {selection} }} }}", input=DRAFT
    )

    assert error["extensions"] == {"code": "FORBIDDEN"}
    assert error["message"] == "This needs the scope READ or MANAGE; the key has PUBLISH."


async def test_all_event_types_have_a_schema_and_an_example(api: Api) -> None:
    data = await api.data("{ eventTypes { name category description jsonSchema example archived } }")

    types = data["eventTypes"]
    assert {type_["name"] for type_ in types} == set(BUILT_IN)
    assert all(type_["example"] and type_["jsonSchema"]["type"] == "object" for type_ in types)
    assert not any(type_["archived"] for type_ in types)


async def test_event_types_are_found_by_name_and_category(api: Api) -> None:
    data = await api.data(
        """{
          found: eventType(name: "ticket.created") { name }
          unknown: eventType(name: "no.such") { name }
          tickets: eventTypes(category: TICKET) { name }
          own: eventTypes(category: CUSTOM, includeArchived: true) { name }
        }"""
    )

    assert (data["found"], data["unknown"], data["own"]) == ({"name": "ticket.created"}, None, [])
    assert {type_["name"].partition(".")[0] for type_ in data["tickets"]} == {"ticket"}


async def test_another_workspaces_event_is_one_that_never_existed(api: Api, stranger: Api) -> None:
    event = (await publish(api))["event"]
    document = "query($id: ID!) { event(id: $id) { id } node(id: $id) { id } events { nodes { id } } }"

    assert await stranger.data(document, id=event["id"]) == {"event": None, "node": None, "events": {"nodes": []}}
