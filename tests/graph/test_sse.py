"""Server-sent events: queries and subscriptions as streams, errors in them, heartbeats, and how streams end."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import httpx
import pytest
from starlette.types import Message

from app.access.known_keys import KEPT
from app.statuses import Scope
from graph.sse import EventStream
from tests.domain import Domain
from tests.graph.conftest import Api, on_sqlite_only
from tests.graph.serving import served, stream, until_followed
from tests.patience import PATIENCE_SECONDS

DRAFT = {"name": "Desk", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}


async def test_a_query_is_one_event_and_the_end(api: Api) -> None:
    async with served(api.resources) as address, stream(address, api.key, "{ egressAddresses }") as opened:
        events = [await opened.next(), await opened.next()]

    assert opened.response.headers["content-type"] == "text/event-stream; charset=utf-8"
    [(kind, answer), end] = events
    assert (kind, answer["data"], answer["extensions"]["cost"]["requested"]) == ("next", {"egressAddresses": []}, 1)
    assert end == ("complete", None)


@on_sqlite_only
@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("subscription {", "BAD_USER_INPUT"),
        ("subscription { nonsense }", "BAD_USER_INPUT"),
        ('subscription { deliveryUpdates(after: "bogus") { cursor } }', "BAD_USER_INPUT"),
        ("{ " + "__typename " * 2500 + "}", "QUERY_TOO_COMPLEX"),
        ("query A { __typename } query B { __typename }", "BAD_USER_INPUT"),
    ],
)
async def test_an_operation_that_cannot_begin_is_an_error_in_the_stream(api: Api, document: str, code: str) -> None:
    async with served(api.resources) as address, stream(address, api.key, document) as opened:
        events = [await opened.next(), await opened.next()]

    assert events[0][1]["errors"][0]["extensions"]["code"] == code
    assert events[0][1].get("data") is None
    assert events[1] == ("complete", None)


async def test_a_stream_without_a_key_is_refused_before_it_begins(api: Api) -> None:
    async with served(api.resources) as address, stream(address, "eev_wrong", "{ egressAddresses }") as opened:
        await opened.response.aread()

    assert opened.response.status_code == 401
    assert opened.response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_subscription_is_a_stream_for_a_client_that_accepts_one_beside_json(api: Api) -> None:
    headers = {
        "authorization": f"Bearer {api.key}",
        "accept": "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
    }
    async with served(api.resources) as address, httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        url = f"http://{address}/graphql"
        query = await client.post(url, json={"query": "{ egressAddresses }"}, headers=headers)
        asked = {"query": "subscription { deliveryUpdates { cursor } }"}
        async with client.stream("POST", url, json=asked, headers=headers) as response:
            content_type = response.headers["content-type"]

    assert query.headers["content-type"].startswith("application/graphql-response+json")
    assert content_type.startswith("text/event-stream")


async def test_a_get_streams_subscriptions_but_changes_nothing(api: Api, domain: Domain) -> None:
    headers = {"authorization": f"Bearer {api.key}", "accept": "text/event-stream"}
    mutation = 'mutation { createApiKey(input: {name: "x", scopes: [READ]}) { key } }'
    before = await domain.rows("SELECT id FROM api_key")
    async with served(api.resources) as address, httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
        refused = await client.get(f"http://{address}/graphql", params={"query": mutation}, headers=headers)
        asked = {"query": "subscription { deliveryUpdates { cursor } }"}
        async with client.stream("GET", f"http://{address}/graphql", params=asked, headers=headers) as response:
            lines = [line async for line in _until_data(response)]

    assert "BAD_USER_INPUT" in refused.text
    assert await domain.rows("SELECT id FROM api_key") == before
    assert '"deliveryUpdates"' in lines[-1]


async def test_a_revoked_key_ends_its_streams(api: Api, domain: Domain) -> None:
    administrator = await api.with_key(domain.caller)
    reader = await api.with_key(domain.caller, Scope.READ)
    [key] = (await administrator.data("{ apiKeys(first: 1) { nodes { id } } }"))["apiKeys"]["nodes"]
    document = "subscription { webhookUpdates { id } }"
    async with served(api.resources) as address, stream(address, reader.key, document) as opened:
        await until_followed(api.resources)
        await administrator.change("revokeApiKey", key, "userErrors { code }")
        await administrator.change("createWebhook", DRAFT, "webhook { id }")
        events = [await opened.next(), await opened.next()]

    assert events[0][1]["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert events[1] == ("complete", None)


async def test_a_stream_on_which_nothing_happens_ends_with_the_reason(api: Api, domain: Domain) -> None:
    async with served(api.resources) as address:
        async with stream(address, api.key, "subscription { webhookUpdates { id } }") as opened:
            await until_followed(api.resources)
            await domain.rows("UPDATE api_key SET revoked_at = 1 RETURNING id")
            domain.clock.advance(KEPT)
            await api.resources.open_streams.check()
            events = [await opened.next(), await opened.next()]

        await until_followed(api.resources, 0)

    error = {"message": "The API key is not valid.", "extensions": {"code": "UNAUTHENTICATED"}}
    assert events == [("next", {"errors": [error]}), ("complete", None)]


async def test_who_leaves_follows_no_longer(api: Api) -> None:
    document = "subscription { webhookUpdates { id } }"
    async with served(api.resources) as address:
        async with stream(address, api.key, document):
            await until_followed(api.resources)

        await until_followed(api.resources, 0)


async def test_a_server_that_stops_ends_its_streams(api: Api) -> None:
    document = "subscription { webhookUpdates { id } }"
    async with asyncio.timeout(PATIENCE_SECONDS):
        async with served(api.resources) as address, stream(address, api.key, document):
            await until_followed(api.resources)

    await until_followed(api.resources, 0)


async def test_a_silent_stream_beats_and_asks_for_no_more_than_it_can_send() -> None:
    asked, sent = 0, list[bytes]()
    released, beaten, blocked = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def results() -> AsyncGenerator[Mapping[str, Any], None]:
        nonlocal asked
        while True:
            await released.wait()
            asked += 1
            yield {"data": asked}

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if sent[-3:] == [b":\n\n"] * 3:
            beaten.set()
        if b"next" in sent[-1]:
            blocked.set()
            await asyncio.Future()  # the client does not read

    async def receive() -> Message:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await beaten.wait()
            released.set()
            await blocked.wait()
        return {"type": "http.disconnect"}

    await EventStream(results(), heartbeat_seconds=0.001)({}, receive, send)

    assert sent[-1] == b'event: next\ndata: {"data":1}\n\n'
    assert asked == 1


async def _until_data(response: httpx.Response) -> AsyncGenerator[str, None]:
    async for line in response.aiter_lines():
        yield line
        if line.startswith("data:"):
            return


@on_sqlite_only
async def test_the_api_compresses_answers_and_no_server_sent_events(api: Api) -> None:
    document = "{ eventTypes { name description jsonSchema } }"
    async with served(api.resources) as address:
        async with httpx.AsyncClient(trust_env=False) as http:
            headers = {"authorization": f"Bearer {api.key}", "accept-encoding": "gzip"}
            answer = await http.post(f"http://{address}/graphql", json={"query": document}, headers=headers)
        async with stream(address, api.key, document) as opened:
            await opened.next()

    assert answer.headers["content-encoding"] == "gzip"
    assert len(answer.json()["data"]["eventTypes"]) > 10
    assert "content-encoding" not in opened.response.headers
