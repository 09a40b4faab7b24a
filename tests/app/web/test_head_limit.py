"""Endless heads of requests, on a real server: refused before they fill memory."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from tests.app.web.running import Running
from tests.patience import PATIENCE_SECONDS

MAX_BYTES = 8_192
PIECE = 4_096
# More than the server may read, with the reads at the beginning of a request and the sockets' buffers.
ENDLESS = 16 * 1024 * 1024
POST = b"POST /graphql HTTP/1.1\r\nHost: eev.test\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("server") / "data", max_head_bytes=str(MAX_BYTES)) as running:
        yield running


def sent_without_end(server: Running, begin: bytes, piece: bytes) -> tuple[int, bytes]:
    """How many bytes the server reads of an endless request, at most `ENDLESS`, and its answer."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(begin)
        sent = 0
        with suppress(ConnectionError):
            while sent < ENDLESS:
                connection.sendall(piece)
                sent += len(piece)
        answer = b""
        with suppress(ConnectionError):
            answer = connection.recv(65_536)
        return sent, answer


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET /graphql?query=", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\nHost: eev.test\r\nX-Long: ", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\nHost: eev.test\r\n", b"X-Many: value\r\n" * 300),
        (POST + b"1\r\na\r\n0\r\n", b"X-Trailer: value\r\n" * 300),
        (POST + b"1;extension=", b"a" * PIECE),
    ],
    ids=["URL", "header", "headers", "trailers", "chunk extension"],
)
def test_what_goes_on_and_on_is_cut_off(server: Running, begin: bytes, piece: bytes) -> None:
    sent, _ = sent_without_end(server, begin, piece)

    assert sent < ENDLESS
    assert httpx.get(f"{server.url}/health/live", timeout=PATIENCE_SECONDS).status_code == 200


def test_a_client_that_sends_a_little_too_much_learns_the_limit(server: Running) -> None:
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(b"GET /graphql?query=")
        # Not before the server has read the beginning, which it does not acknowledge: so ask over another connection.
        for _ in range(3):
            httpx.get(f"{server.url}/health/live", timeout=PATIENCE_SECONDS)
            connection.sendall(b"a" * PIECE)
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    [error] = json.loads(body)["errors"]
    assert "more than 8,192 bytes; at most 8,192 are allowed" in error["message"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


def test_heads_within_the_limit_pass_one_after_another_and_bodies_are_not_counted(server: Running) -> None:
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        heads = [client.get("/health/live", headers={"x-long": "a" * 6_000}).status_code for _ in range(5)]
        body = client.post("/graphql", json={"query": "a" * 500_000})
        chunked = client.post("/graphql", content=iter([b"a" * 1_000] * 100))

    assert heads == [200] * 5
    assert body.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
    assert chunked.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
