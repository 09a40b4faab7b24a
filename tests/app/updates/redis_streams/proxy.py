"""A network between a bus and its Redis that a test can cut or stall, while Redis itself keeps running."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Self

from tests.patience import PATIENCE_SECONDS


class Proxy:
    """Forwards TCP connections to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open = True
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusals = 0
        self._refused = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def cut(self) -> None:
        """Break all connections, and refuse new ones."""
        self._open = False
        self._refusals = 0
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Keep all connections, and let nothing through."""
        self._flowing.clear()

    def restore(self) -> None:
        """Let everything through again."""
        self._open = True
        self._flowing.set()

    async def refusals(self, count: int) -> None:
        """Wait until this many connections were refused since the cut; two mean that a client has noticed and
        retried.
        """
        async with asyncio.timeout(PATIENCE_SECONDS), self._refused:
            await self._refused.wait_for(lambda: self._refusals >= count)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._open:
            writer.transport.abort()
            async with self._refused:
                self._refusals += 1
                self._refused.notify_all()
            return
        try:
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back_writer}
        self._run(self._forward(reader, back_writer))
        self._run(self._forward(back_reader, writer))

    def _run(self, forwarding: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(forwarding)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
        self._writers.discard(writer)
