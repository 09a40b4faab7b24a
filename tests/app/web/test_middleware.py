"""Every request has an ID, every answer its headers, and no stream delays the end."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from app.web.middleware import EndStreams, RequestId, SecurityHeaders
from tests.patience import PATIENCE_SECONDS


async def logged_id(_: Request) -> Response:
    """Answers with the fields that a log line of this request would have."""
    return PlainTextResponse(str(structlog.contextvars.get_contextvars()["request_id"]))


async def cached(_: Request) -> Response:
    return PlainTextResponse("", headers={"cache-control": "max-age=60"})


def client() -> httpx.AsyncClient:
    application = Starlette(
        routes=[Route("/", logged_id), Route("/cached", cached)],
        middleware=[Middleware(RequestId), Middleware(SecurityHeaders, hsts_seconds=0)],
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test")


async def test_a_request_is_logged_and_answered_under_the_id_it_came_with() -> None:
    async with client() as http:
        response = await http.get("/", headers={"x-request-id": "front-end/42"})

    assert response.headers["x-request-id"] == response.text == "front-end/42"


async def test_a_request_without_an_id_gets_one_of_its_own() -> None:
    async with client() as http:
        first, second = await http.get("/"), await http.get("/")

    assert first.headers["x-request-id"] == first.text
    assert len(first.text) == 24
    assert first.text != second.text


@pytest.mark.parametrize("given_id", ["", "two words", "x" * 129, "<script>", "é"])
async def test_an_id_that_could_break_a_log_is_replaced(given_id: str) -> None:
    async with client() as http:
        response = await http.get("/", headers={b"x-request-id": given_id.encode()})

    assert response.headers["x-request-id"] != given_id


@given(st.binary(max_size=200).filter(lambda value: not {0, 10, 13} & set(value)))
async def test_no_id_whatsoever_comes_back_as_anything_but_plain_text(value: bytes) -> None:
    async with client() as http:
        response = await http.get("/", headers={b"x-request-id": value})

    shown = response.headers["x-request-id"]
    assert shown.isascii()
    assert shown.isprintable()
    assert 1 <= len(shown) <= 128


async def test_nothing_stays_bound_after_the_request() -> None:
    async with client() as http:
        await http.get("/")

    assert "request_id" not in structlog.contextvars.get_contextvars()


async def test_answers_tell_browsers_not_to_guess_frame_or_cache() -> None:
    async with client() as http:
        response = await http.get("/")

    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in response.headers["content-security-policy"]


async def test_an_answers_own_header_wins() -> None:
    async with client() as http:
        response = await http.get("/cached")

    assert response.headers["cache-control"] == "max-age=60"


class Stream:
    """A request for a stream that runs until it is ended, driven message by message."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()
        self.to_application: asyncio.Queue[Message] = asyncio.Queue()
        self.from_application: asyncio.Queue[Message] = asyncio.Queue()
        self.ended = False

    async def _endless(self) -> AsyncIterator[str]:
        try:
            yield "first"
            await asyncio.Event().wait()
        finally:
            self.ended = True

    async def _answer(self, request: Request) -> Response:
        await request.body()
        return StreamingResponse(self._endless())

    async def run(self) -> None:
        """Serve the one request."""
        application = EndStreams(Starlette(routes=[Route("/", self._answer)]), self.closing)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": [],
        }
        await application(scope, self.to_application.get, self.from_application.put)

    async def begin(self) -> "asyncio.Task[None]":
        """Start serving, and return once the stream's first piece has arrived."""
        task = asyncio.create_task(self.run())
        self.to_application.put_nowait({"type": "http.request", "body": b"", "more_body": False})
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await self.from_application.get())["type"] == "http.response.start"
            assert (await self.from_application.get())["body"] == b"first"
        return task


async def test_a_stream_comes_to_its_end_when_the_server_closes() -> None:
    stream = Stream()
    serving = await stream.begin()

    stream.closing.set()

    async with asyncio.timeout(PATIENCE_SECONDS):
        await serving
    assert stream.from_application.get_nowait() == {"type": "http.response.body", "body": b"", "more_body": False}
    assert stream.ended


async def test_a_stream_ends_when_its_client_goes() -> None:
    stream = Stream()
    serving = await stream.begin()

    stream.to_application.put_nowait({"type": "http.disconnect"})

    async with asyncio.timeout(PATIENCE_SECONDS):
        await serving
    assert stream.ended
    assert stream.from_application.empty()


async def test_a_request_that_comes_while_the_server_closes_is_read_and_answered() -> None:
    closing = asyncio.Event()
    closing.set()

    async def count(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    application = EndStreams(Starlette(routes=[Route("/", count, methods=["POST"])]), closing)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://test") as http:
        response = await http.post("/", content=b"x" * 1_000)

    assert response.text == "1000"
