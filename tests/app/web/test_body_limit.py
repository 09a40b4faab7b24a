"""A body that is too large is refused with a sentence, whether or not it announces its size."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from app.web.body_limit import BodyLimit

LIMIT = 100


async def count(request: Request) -> Response:
    """Answers with the length of the body."""
    return PlainTextResponse(str(len(await request.body())))


async def swallow(request: Request) -> Response:
    """An application that treats every failure to read as bad input."""
    try:
        return await count(request)
    except Exception:  # noqa: BLE001 - its purpose
        return PlainTextResponse("bad input", 400)


async def ignore(_: Request) -> Response:
    return PlainTextResponse("not read")


def client() -> httpx.AsyncClient:
    routes = [Route(f"/{view.__name__}", view, methods=["POST"]) for view in (count, swallow, ignore)]
    application = Starlette(routes=routes, middleware=[Middleware(BodyLimit, max_bytes=LIMIT)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test")


async def chunks(*sizes: int) -> AsyncIterator[bytes]:
    for size in sizes:
        yield b"x" * size


async def test_a_body_up_to_the_limit_passes() -> None:
    async with client() as http:
        response = await http.post("/count", content=b"x" * LIMIT)

    assert (response.status_code, response.text) == (200, "100")


async def test_a_longer_body_is_refused_with_its_size_and_the_limit() -> None:
    async with client() as http:
        response = await http.post("/count", content=b"x" * 12_345)

    assert response.status_code == 413
    assert response.headers["connection"] == "close"
    (error,) = response.json()["errors"]
    assert error["message"].startswith("The body of the request has 12,345 bytes; at most 100 are allowed.")
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


@pytest.mark.parametrize("path", ["/count", "/swallow"])
async def test_a_body_that_does_not_say_how_long_it_is_is_refused_once_it_is_too_long(path: str) -> None:
    async with client() as http:
        response = await http.post(path, content=chunks(60, 60, 60))

    assert response.status_code == 413
    assert "has more than 100 bytes; at most 100 are allowed" in response.json()["errors"][0]["message"]


async def test_chunks_up_to_the_limit_pass() -> None:
    async with client() as http:
        response = await http.post("/count", content=chunks(60, 40, 0))

    assert (response.status_code, response.text) == (200, "100")


async def test_a_body_that_nobody_reads_harms_nobody() -> None:
    async with client() as http:
        response = await http.post("/ignore", content=chunks(60, 60))

    assert (response.status_code, response.text) == (200, "not read")


async def test_the_refusal_has_the_media_type_of_graphql_where_that_is_accepted() -> None:
    accept = {"accept": "application/graphql-response+json, application/json;q=0.9"}
    async with client() as http:
        graphql = await http.post("/count", content=b"x" * 101, headers=accept)
        plain = await http.post("/count", content=b"x" * 101)

    assert graphql.headers["content-type"] == "application/graphql-response+json"
    assert plain.headers["content-type"] == "application/json"


@given(st.lists(st.integers(0, 60), max_size=10))
async def test_however_it_is_cut_exactly_what_is_too_long_is_refused(sizes: list[int]) -> None:
    async with client() as http:
        response = await http.post("/count", content=chunks(*sizes))

    assert response.status_code == (413 if sum(sizes) > LIMIT else 200)


async def refused(headers: list[tuple[bytes, bytes]], body: asyncio.Queue[Message]) -> list[Message]:
    """The messages to a client that announces too much, and then continues as `body` does."""
    sent: list[Message] = []
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}

    async def send(message: Message) -> None:
        sent.append(message)

    async def never(*_: object) -> None:
        raise AssertionError("It must not come so far.")

    await BodyLimit(never, LIMIT, linger_seconds=0.01)(scope, body.get, send)
    return sent


async def test_what_is_still_sent_is_read_before_the_connection_closes() -> None:
    body: asyncio.Queue[Message] = asyncio.Queue()
    for more in (True, True, False):
        body.put_nowait({"type": "http.request", "body": b"x" * 101, "more_body": more})

    sent = await refused([(b"content-length", b"303")], body)

    assert body.empty()
    assert [(message["type"], message.get("more_body")) for message in sent] == [
        ("http.response.start", None),
        ("http.response.body", True),
        ("http.response.body", False),
    ]


async def test_a_client_that_never_ends_is_not_waited_for() -> None:
    sent = await refused([(b"content-length", b"303")], asyncio.Queue())

    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_client_that_waits_to_be_told_to_continue_is_not_waited_for() -> None:
    body: asyncio.Queue[Message] = asyncio.Queue()
    body.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    await refused([(b"content-length", b"303"), (b"expect", b"100-continue")], body)

    assert body.qsize() == 1  # reading would ask it to continue
