"""Answers leave in one piece, on a real server and by what reaches the transport."""

import asyncio
import socket
from collections.abc import Iterator

import httpx
import pytest

from app.web.one_write import OneWrite
from tests.app.web.running import Running
from tests.patience import PATIENCE_SECONDS

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


def exchanged(server: Running, request: bytes, times: int = 1) -> list[bytes]:
    """What the first read of each answer gives, on one connection."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        answers = []
        for _ in range(times):
            connection.sendall(request)
            answers.append(connection.recv(65_536))
        return answers


def test_head_and_body_come_together(server: Running) -> None:
    # Apart, most of two hundred would be read before the body is there.
    answers = exchanged(server, b"GET /health/live HTTP/1.1\r\nHost: eev.test\r\n\r\n", times=200)

    assert all(answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"}") for answer in answers)


def test_an_answer_without_a_body_comes_too(server: Running) -> None:
    [answer] = exchanged(server, b"HEAD /health/live HTTP/1.1\r\nHost: eev.test\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"\r\n\r\n")


def test_who_asks_to_go_on_is_told_before_the_body_is_sent(server: Running) -> None:
    ask = (
        "POST /graphql HTTP/1.1\r\nHost: eev.test\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
        f"Authorization: Bearer {server.key}\r\nExpect: 100-continue\r\n\r\n"
    )
    [answer] = exchanged(server, ask.encode())

    assert answer == b"HTTP/1.1 100 Continue\r\n\r\n"


class Written(asyncio.Transport):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.pieces.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def test_a_head_that_nothing_follows_goes_by_itself() -> None:
    written = Written()
    answer = OneWrite(written)

    answer.write(HEAD)
    before = list(written.pieces)
    await asyncio.sleep(0)
    answer.write(b"later")

    assert (before, written.pieces) == ([], [HEAD, b"later"])


async def test_nothing_that_looks_like_a_head_is_lost_or_changes_places() -> None:
    written = Written()
    answer = OneWrite(written)

    for piece in (b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"HTTP/1.1 in a body", b"", b"more"):
        answer.write(piece)
    await asyncio.sleep(0)

    assert b"".join(written.pieces) == b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"HTTP/1.1 in a bodymore"


async def test_closing_lets_the_head_out_first_and_nothing_after() -> None:
    written, broken = Written(), Written()
    answer, cut_off = OneWrite(written), OneWrite(broken)

    answer.write(HEAD)
    answer.close()
    cut_off.write(HEAD)
    broken.close()  # by the client
    await asyncio.sleep(0)

    assert (written.pieces, written.closed) == ([HEAD], True)
    assert broken.pieces == []
