"""A request that drips is answered with 408 and cut off; one that arrives in time is not."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.app.web.running import Running
from tests.patience import PATIENCE_SECONDS

KEY = "a-key-that-scripts-know"
HEAD_SECONDS, BODY_SECONDS = 1, 2
HEAD = b"POST /graphql HTTP/1.1\r\nHost: eev.test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
WITH_KEY = HEAD[:-2] + f"Authorization: Bearer {KEY}\r\n\r\n".encode()
LIVE = b"GET /health/live HTTP/1.1\r\nHost: eev.test\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("server") / "data"
    deadlines = {"request_head_seconds": str(HEAD_SECONDS), "request_body_seconds": str(BODY_SECONDS)}
    with Running(directory, bootstrap_api_key=KEY, **deadlines) as running:
        yield running


def opened(server: Running) -> socket.socket:
    url = httpx.URL(server.url)
    return socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_SECONDS)


def dripped(connection: socket.socket, data: bytes, every_seconds: float = 0.1) -> bytes:
    """Send a byte at a time until there is an answer or the end, and return what arrived."""
    connection.settimeout(every_seconds)
    for byte in data:
        try:
            connection.sendall(bytes([byte]))
            received = connection.recv(65_536)
        except TimeoutError:
            continue
        except ConnectionError:
            return b""
        return received + read_on(connection)
    raise AssertionError("It was all taken.")


def whole_answer(connection: socket.socket) -> bytes:
    """An answer that ends with a JSON object."""
    answer = b""
    while not answer.endswith(b"}"):
        answer += connection.recv(65_536)
    return answer


def read_on(connection: socket.socket) -> bytes:
    connection.settimeout(30)
    try:
        return b"".join(iter(lambda: connection.recv(65_536), b""))
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    ("before", "drip", "part"),
    [
        (b"", HEAD, b"head"),
        (b"", b"\r\n" * 500, b""),
        (WITH_KEY, b"{" * 100, b"body"),
        (WITH_KEY.replace(b"Content-Length: 100", b"Transfer-Encoding: chunked"), b"1\r\nx\r\n" * 100, b"body"),
        (HEAD, b"{" * 100, b""),
        (LIVE, HEAD, b"head"),
    ],
    ids=["head", "empty lines", "body", "chunks", "body without a key", "head of the second request"],
)
def test_what_drips_is_cut_off(server: Running, before: bytes, drip: bytes, part: bytes) -> None:
    with opened(server) as connection:
        connection.sendall(before)
        if before == LIVE:
            assert whole_answer(connection).startswith(b"HTTP/1.1 200 ")
        answer = dripped(connection, drip)

    if part:
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"The " + part + b" of the request did not come within" in answer


def test_a_connection_on_which_nothing_comes_is_closed(server: Running) -> None:
    with opened(server) as connection:
        answer = read_on(connection)

    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_body_that_comes_in_time_is_taken(server: Running) -> None:
    body = b'{"query": "{ viewer { scopes } }"}'
    head = WITH_KEY.replace(b"100", str(len(body)).encode())
    with opened(server) as connection:
        for piece in (head[:20], head[20:], body[:5], body[5:]):
            connection.sendall(piece)
        answer = connection.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_kept_connection_may_be_idle_for_longer_than_a_head_may_take(server: Running) -> None:
    with opened(server) as connection:
        for _ in range(2):
            connection.sendall(LIVE)
            assert whole_answer(connection).startswith(b"HTTP/1.1 200 ")
            connection.settimeout(HEAD_SECONDS + 0.5)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            connection.settimeout(30)
