"""The trace context that publishers send in the headers of their requests."""

from typing import Any

import pytest

from app.catalogue import BUILT_IN
from app.trace_context import unpacked
from tests.domain import Domain
from tests.graph.conftest import URL, Api
from tests.world import World

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
DATA = dict(BUILT_IN["ticket.created"].example)
PUBLISH = """mutation($data: JSON!) {
  publishEvent(input: {type: "ticket.created", data: $data}) { event { id traceparent } userErrors { message } }
}"""


async def publish(api: Api, *headers: tuple[str, str]) -> dict[str, Any]:
    response = await api.http.post(
        URL,
        json={"query": PUBLISH, "variables": {"data": DATA}},
        headers=[("authorization", f"Bearer {api.key}"), *headers],
    )
    event: dict[str, Any] = response.json()["data"]["publishEvent"]["event"]
    return event


async def test_the_trace_of_a_publish_is_kept_with_the_event(domain: Domain, api: Api) -> None:
    event = await publish(api, ("traceparent", TRACEPARENT), ("tracestate", "a=1"), ("tracestate", "b=2"))

    read = await api.data("query($id: ID!) { event(id: $id) { traceparent } }", id=event["id"])
    [stored] = await domain.rows("SELECT trace FROM event")

    assert event["traceparent"] == TRACEPARENT
    assert read["event"] == {"traceparent": TRACEPARENT}
    assert unpacked(stored["trace"]).tracestate == "a=1,b=2"


async def test_every_event_of_a_batch_has_it(api: Api) -> None:
    document = """mutation($events: [PublishEventInput!]!) {
      publishEvents(input: {events: $events}) { events { traceparent } }
    }"""
    events = [{"type": "ticket.created", "data": DATA}] * 2
    response = await api.http.post(
        URL,
        json={"query": document, "variables": {"events": events}},
        headers={"authorization": f"Bearer {api.key}", "traceparent": TRACEPARENT},
    )

    assert response.json()["data"]["publishEvents"]["events"] == [{"traceparent": TRACEPARENT}] * 2


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("traceparent", "garbage"), ("tracestate", "a=1")],
        [("traceparent", TRACEPARENT), ("traceparent", TRACEPARENT)],
        [("tracestate", "a=1")],
    ],
)
async def test_without_a_valid_traceparent_the_event_has_none(api: Api, headers: list[tuple[str, str]]) -> None:
    event = await publish(api, *headers)

    assert event["traceparent"] is None


async def test_a_caller_cannot_set_other_headers_of_a_delivery(world: World, live: Api) -> None:
    await world.webhook()

    await publish(
        live,
        ("traceparent", TRACEPARENT),
        ("tracestate", "a=1"),
        ("webhook-signature", "v1,forged"),
        ("webhook-id", "forged"),
        ("baggage", "user=1"),
        ("x-more", "1"),
    )

    [request] = await world.receiver.received()
    names = [name.lower() for name, _ in request.headers]
    assert (request.header("traceparent"), request.header("tracestate")) == (TRACEPARENT, "a=1")
    assert len(names) == len(set(names))
    assert not {"baggage", "x-more"} & set(names)
    assert "forged" not in str(request.headers)
