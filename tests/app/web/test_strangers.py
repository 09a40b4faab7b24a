"""Connections whose clients have not authenticated: how much of a turn of the loop they get, and who goes first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from app.web.socket_protocol import AnsweredSockets
from app.web.strangers import SECONDS_PER_TURN, Line, StrangersLast

SOCKETS = 50
UPGRADE = (
    b"GET /socket HTTP/1.1\r\nHost: eev.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
REQUEST = b"GET /request HTTP/1.1\r\nHost: eev.test\r\n\r\n"
WITH_KEY = b"GET /request HTTP/1.1\r\nHost: eev.test\r\nAuthorization: Bearer key\r\n\r\n"


class SlowClock:
    """Each look at it takes a part of a turn's time, by default half."""

    def __init__(self, part: float = 1 / 2) -> None:
        self.now = 0.0
        self._part = part

    def __call__(self) -> float:
        self.now += SECONDS_PER_TURN * self._part
        return self.now


class ClosedLine(Line):
    """Nobody's turn comes until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []

    def serve(self, read: Callable[[], None], *, is_socket: bool) -> bool:
        """Let everybody wait."""
        self.waiting.append(read)
        return False

    def open(self) -> None:
        """Let everybody proceed."""
        for read in self.waiting:
            read()


class Served:
    """A server with an application that accepts sockets and keeps a list of what it is asked for, in order."""

    def __init__(self, line: Line, head_seconds: float = 60) -> None:
        self.line = line
        self.asked: list[str] = []
        self.state = ServerState()
        self.protocols: list[StrangersLast] = []
        config = uvicorn.Config(
            self._application,
            interface="asgi3",
            proxy_headers=False,
            ws=AnsweredSockets,
            h11_max_incomplete_event_size=65_536,
            lifespan="off",
            log_config=None,
        )
        config.load()
        protocol = StrangersLast.within(head_seconds, 60)
        protocol.line = line
        self._create = partial(protocol, config=config, server_state=self.state, app_state={})

    def create(self) -> asyncio.Protocol:
        """The protocol of a new connection."""
        self.protocols.append(self._create(_loop=asyncio.get_running_loop()))
        return self.protocols[-1]

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            return
        if any(name == b"authorization" for name, _ in scope["headers"]):
            scope["state"]["authenticated"] = True
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


class Stranger:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer

    async def answer(self) -> bytes:
        """The status line of the next answer."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        return head.partition(b"\r\n")[0]

    async def ask(self, request: bytes) -> bytes:
        """Send a request, and return the status line of its answer."""
        self.writer.write(request)
        return await self.answer()


async def until(holds: Callable[[], object]) -> None:
    """Wait for a condition, which is checked in each turn of the loop."""
    while not holds():  # noqa: ASYNC110 - it has to be each
        await asyncio.sleep(0)


@asynccontextmanager
async def served(
    line: Line, connections: int, head_seconds: float = 60
) -> AsyncIterator[tuple[Served, list[Stranger]]]:
    """A server, and connections to it that it has accepted."""
    made = Served(line, head_seconds)
    async with AsyncExitStack() as stack:
        server = await asyncio.get_running_loop().create_server(made.create, "127.0.0.1", 0)
        await stack.enter_async_context(server)
        port = server.sockets[0].getsockname()[1]
        strangers = [Stranger(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(connections)]
        for stranger in strangers:
            stack.callback(stranger.writer.close)
        await until(lambda: len(made.protocols) == connections)
        yield made, strangers


@pytest.mark.parametrize("request_", [UPGRADE, REQUEST], ids=["sockets", "requests"])
async def test_a_client_that_has_authenticated_does_not_wait_for_strangers(request_: bytes) -> None:
    async with served(Line(SlowClock()), SOCKETS + 1) as (server, [client, *strangers]):
        await client.ask(WITH_KEY)
        for stranger in strangers:
            stranger.writer.write(request_)
        await client.ask(WITH_KEY)
        before = len(server.asked) - 2
        for stranger in strangers:
            await stranger.answer()

    assert before < SOCKETS / 2


@pytest.mark.parametrize("request_", [UPGRADE, REQUEST], ids=["sockets", "requests"])
async def test_strangers_get_a_limited_time_in_a_turn_of_the_loop(request_: bytes) -> None:
    async with served(Line(SlowClock()), SOCKETS) as (server, strangers):
        for stranger in strangers:
            stranger.writer.write(request_)
        seen: list[int] = []

        def all_asked() -> bool:
            seen.append(len(server.asked))
            return seen[-1] == SOCKETS

        await until(all_asked)

    assert max(after - before for before, after in pairwise(seen)) <= 4


async def test_sockets_wait_behind_requests_but_not_for_ever() -> None:
    half, in_a_turn = SOCKETS // 2, 5
    async with served(Line(SlowClock(1 / in_a_turn)), SOCKETS) as (server, strangers):
        # All of it has arrived before the server reads again.
        for number, stranger in enumerate(strangers):
            stranger.writer.write(UPGRADE if number < half else REQUEST)
        for stranger in strangers:
            await stranger.answer()

    before_the_last_request = server.asked[: SOCKETS - server.asked[::-1].index("/request")]
    assert in_a_turn < before_the_last_request.count("/socket") < half


async def test_one_that_leaves_while_it_waits_is_forgotten() -> None:
    line = ClosedLine()
    async with served(line, 2) as (server, [leaving, staying]):
        for stranger in (leaving, staying):
            stranger.writer.write(REQUEST)
        await until(lambda: len(line.waiting) == 2)
        server.protocols[0].transport.abort()
        await until(lambda: not server.state.connections - {server.protocols[1]})
        line.open()
        answer = await staying.answer()

    assert (answer, server.asked) == (b"HTTP/1.1 200 OK", ["/request"])


async def test_the_time_in_line_is_not_the_clients() -> None:
    line = ClosedLine()
    async with served(line, 2, head_seconds=0.05) as (_, [waiting, silent]):
        waiting.writer.write(REQUEST)
        too_late = await silent.answer()
        line.open()
        in_time = await waiting.answer()

    assert (too_late, in_time) == (b"HTTP/1.1 408 Request Timeout", b"HTTP/1.1 200 OK")


async def test_a_head_in_pieces_is_one_request() -> None:
    async with served(Line(SlowClock()), 1) as (server, [stranger]):
        for byte in REQUEST[:-1]:
            stranger.writer.write(bytes([byte]))
            await stranger.writer.drain()
            await asyncio.sleep(0)
        answer = await stranger.ask(REQUEST[-1:])

    assert (answer, server.asked) == (b"HTTP/1.1 200 OK", ["/request"])
