"""Reading requests from a stream."""

import asyncio
from contextlib import aclosing

import pytest

from app.cli.listen.requests import MAX_REQUEST_BYTES, BadRequest, Request, requests


async def read(*pieces: bytes) -> list[Request]:
    """The requests on a connection that sends these pieces and ends."""
    reader = asyncio.StreamReader()
    for piece in pieces:
        reader.feed_data(piece)
    reader.feed_eof()
    async with aclosing(requests(reader)) as arriving:
        return [request async for request in arriving]


async def test_a_request_is_read_with_its_headers_and_body() -> None:
    [request] = await read(b"POST /hook?a=1 HTTP/1.1\r\nHost: x\r\nWebhook-Id: evt_1\r\nContent-Length: 5\r\n\r\nhello")

    assert (request.method, request.path, request.body, request.keep_alive) == ("POST", "/hook?a=1", b"hello", True)
    assert request.headers == {"host": "x", "webhook-id": "evt_1", "content-length": "5"}


async def test_several_requests_come_over_one_connection() -> None:
    one = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"
    first, second = await read(one + one)

    assert first == second


async def test_a_request_may_come_in_pieces_and_chunks() -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    [request] = await read(head[:10], head[10:], b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n")

    assert request.body == b"abcde"


async def test_values_of_a_repeated_header_are_joined() -> None:
    [request] = await read(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\nConnection: close\r\n\r\n")

    assert request.headers["x-a"] == "1, 2"
    assert not request.keep_alive


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"hello\r\n\r\n", "This is no HTTP request: "),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "another protocol"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "This is no HTTP request: "),
    ],
)
async def test_what_is_no_request_is_refused(sent: bytes, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        await read(sent)


async def test_a_request_of_any_size_is_not_kept_in_memory() -> None:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_REQUEST_BYTES + 1}\r\n\r\n".encode()

    with pytest.raises(BadRequest, match="more than"):
        await read(head, b"x" * MAX_REQUEST_BYTES)
