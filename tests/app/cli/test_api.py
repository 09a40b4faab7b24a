"""Talking to a server over its API."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from app.cli.api import Api, endpoint
from app.cli.failures import Refused
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver, answer, close

QUERY = "{ viewer { workspace { name } } }"
FOLLOW = "subscription { deliveryUpdates { cursor } }"
STREAM = [("Content-Type", "text/event-stream")]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Replaces servers that answer in ways ours does not."""
    async with Receiver() as opened:
        yield opened


async def followed(receiver: Receiver) -> list[dict[str, Any]]:
    async with Api(receiver.url(), "a-key") as api, aclosing(api.follow(FOLLOW)) as messages:
        return [message async for message in messages]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/graphql"),
        ("https://hooks.example.com/", "https://hooks.example.com/graphql"),
        ("https://example.com/hooks/graphql/", "https://example.com/hooks/graphql"),
        ("http://[::1]:8000/hooks", "http://[::1]:8000/hooks/graphql"),
    ],
)
def test_the_endpoint_follows_from_the_address_of_a_server(url: str, expected: str) -> None:
    assert endpoint(url) == expected


@pytest.mark.parametrize("url", ["", "localhost:8000", "ftp://example.com", "http://", "/graphql"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is no URL of a server; write one such as"):
        endpoint(url)


async def test_a_request_carries_the_key_and_the_variables(receiver: Receiver) -> None:
    receiver.on("/graphql", answer(200, body=b'{"data": {"viewer": null}}'))

    async with Api(receiver.url(), "a-key") as api:
        data = await api.ask(QUERY, {"a": 1})

    [request] = await receiver.received()
    assert data == {"viewer": None}
    assert request.header("authorization") == "Bearer a-key"
    assert orjson.loads(request.body) == {"query": QUERY, "variables": {"a": 1}}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"hello", "something that is not GraphQL"),
        (b"[1]", "something that is not GraphQL"),
        (b'{"data": null}', "answered 200 without data"),
        (b'{"errors": [{"message": "No."}, {"message": "Never."}]}', "^No.\nNever.$"),
        (
            b'{"errors": [{"message": "No key.", "extensions": {"code": "UNAUTHENTICATED"}}]}',
            "^http://.+/graphql refused the key: No key. Give a key of that server",
        ),
    ],
)
async def test_an_answer_that_is_no_says_why(receiver: Receiver, body: bytes, sentence: str) -> None:
    receiver.on("/graphql", answer(200, body=body))

    async with Api(receiver.url(), "a-key") as api:
        with pytest.raises(Refused, match=sentence):
            await api.ask(QUERY)


async def test_user_errors_are_reported_with_their_place(receiver: Receiver) -> None:
    errors = [{"message": "It is empty.", "path": ["events", "3", "type"]}, {"message": "No.", "path": []}]
    receiver.on("/graphql", answer(200, body=orjson.dumps({"data": {"publishEvents": {"userErrors": errors}}})))

    async with Api(receiver.url(), "a-key") as api:
        with pytest.raises(Refused, match=r"^It is empty. \(events.3.type\)\nNo.$"):
            await api.change("mutation", {})


async def test_messages_are_followed_to_the_end(receiver: Receiver) -> None:
    stream = (
        b': keep alive\n\nevent: next\ndata: {"data":\ndata: {"n": 1}}\n\n'
        b'event:next\r\ndata:{"data":{"n":2}}\r\n\r\nevent: complete\ndata: \n\nevent: next\ndata: {"data":{"n":3}}\n\n'
    )
    receiver.on("/graphql", answer(200, STREAM, stream))

    assert await followed(receiver) == [{"n": 1}, {"n": 2}]


async def test_a_subscription_that_is_refused_says_why(receiver: Receiver) -> None:
    receiver.on("/graphql", answer(200, body=b'{"errors": [{"message": "No."}]}'))

    with pytest.raises(Refused, match=r"^No\.$"):
        await followed(receiver)


async def test_a_lost_connection_is_reported(receiver: Receiver) -> None:
    receiver.on("/graphql", close(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 99\r\n\r\n"))

    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(Refused, match=r"^The connection to .* was lost before the answer"):
            await followed(receiver)
