"""The bench's own HTTP client, against servers that answer in pieces, keep connections, or disconnect."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from bench.wire import Disconnected, Pool

REQUEST = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"
Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(answer: Answering) -> AsyncIterator[tuple[Pool, list[int]]]:
    """A pool for a server that answers requests this way, and how many requests arrived on each connection."""
    requests: list[int] = []
    ended: list[asyncio.Task[None] | None] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = len(requests)
        ended.append(asyncio.current_task())
        requests.append(0)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                requests[number] += 1
                await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        pool = Pool(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        yield pool, requests
        pool.close()
        await asyncio.gather(*filter(None, ended))


async def in_pieces(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for piece in (b"HTTP/1.1 200 OK\r\nConte", b"nt-Length: 5\r", b"\n\r\nhe", b"llo"):
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0)


async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_an_answer_that_comes_in_pieces_is_put_together() -> None:
    async with served(in_pieces) as (pool, _):
        assert await pool.ask(REQUEST) == b"hello"


async def test_a_connection_is_used_again_and_another_made_only_where_it_is_busy() -> None:
    async with served(in_pieces) as (pool, requests):
        await pool.ask(REQUEST)
        await pool.ask(REQUEST)
        await asyncio.gather(pool.ask(REQUEST), pool.ask(REQUEST))

        assert sorted(requests) == [1, 3]


async def test_a_server_that_disconnects_is_reported() -> None:
    async with served(hanging_up) as (pool, _):
        with pytest.raises(Disconnected, match="closed the connection"):
            await pool.ask(REQUEST)
