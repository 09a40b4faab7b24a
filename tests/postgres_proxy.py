"""A network between the product and its PostgreSQL that loses an answer at the worst moment, or a connection
silently.
"""

import asyncio
import contextlib
import re
from collections.abc import Coroutine, Iterator
from typing import Any, Self
from urllib.parse import urlsplit

from tests.patience import PATIENCE_SECONDS


class PostgresProxy:
    """Forwards connections to a PostgreSQL. Use it in `async with`, and connect to `url` instead.

    Args:
        url: of the database behind it.
    """

    def __init__(self, url: str) -> None:
        self.lead_to(url)
        parts = urlsplit(url)
        self._before, self._path = f"{parts.scheme}://{parts.username}@127.0.0.1", parts.path
        self._connections: list[_Connection] = []
        self._silent = False
        self._armed: bytes | None = None
        self._silent_after: bytes | None = None
        self._lose_silently = False
        self._lost = asyncio.Event()
        self._told = asyncio.Event()
        self._ends_pass = asyncio.Event()
        self._ends_pass.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{self._before}:{port}{self._path}"
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    def lead_to(self, url: str) -> None:
        """Forward new connections to another database's server, as a name or an address does that moves."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._target = parts.hostname, parts.port or 5432

    def lose_commit_of(self, statement: str, *, silently: bool = False) -> None:
        """Once, let a transaction with this text in a statement, or that statement alone, be committed, and break its
        connection instead of passing on the answer.

        Args:
            silently: let nothing through on that connection instead, not even its end.
        """
        self._armed, self._lose_silently = statement.encode(), silently
        self._lost.clear()

    def fall_silent(self, *, for_good: bool = False) -> None:
        """From now on, let nothing through on the existing connections, not even their end.

        Args:
            for_good: on new connections neither, which otherwise work.
        """
        self._silent = for_good
        for connection in self._connections:
            connection.silent = True

    def fall_silent_after(self, statement: str) -> None:
        """Once, pass on that a statement is prepared, and let nothing through on that connection afterwards, not even
        the answer.
        """
        self._silent_after = statement.encode()

    async def lost(self) -> None:
        """Wait until that has happened."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._lost.wait()

    @contextlib.contextmanager
    def holding_ends(self) -> Iterator[None]:
        """Pass on the server's last messages, but until the block ends not the closing of the connection."""
        self._told.clear()
        self._ends_pass.clear()
        try:
            yield
        finally:
            self._ends_pass.set()

    async def ended(self) -> None:
        """Wait until the server has closed a connection; the client has its last messages, but does not know of the
        closing.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._told.wait()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back_reader, back_writer = await asyncio.open_connection(*self._target)
        except OSError:  # as without a proxy if no server listens
            writer.transport.abort()
            return
        self._writers |= {writer, back_writer}
        connection = _Connection()
        connection.silent = self._silent
        self._connections.append(connection)
        self._run(self._ask(reader, back_writer, connection))
        self._run(self._answer(back_reader, writer, connection))

    def _run(self, forwarding: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(forwarding)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: "_Connection") -> None:
        with contextlib.suppress(OSError):
            while data := await connection.read(reader):
                if b"BEGIN" in data:
                    connection.in_transaction = True
                if self._armed is not None and (parse := _parsed(self._armed, data)):
                    self._armed, connection.marked = None, parse
                elif connection.marked and (
                    b"COMMIT" in data or (connection.marked in data and not connection.in_transaction)
                ):
                    connection.swallows = True
                if b"COMMIT" in data or b"ROLLBACK" in data:
                    connection.in_transaction = False
                if self._silent_after is not None and self._silent_after in data:
                    self._silent_after, connection.silent = None, True
                writer.write(data)
                await writer.drain()
        writer.close()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: "_Connection"
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await connection.read(reader):
                if connection.swallows:
                    self._lost.set()
                    if self._lose_silently:
                        await asyncio.Event().wait()
                    break
                writer.write(data)
                await writer.drain()
            else:
                self._told.set()
                await self._ends_pass.wait()
        writer.transport.abort()


def _parsed(statement: bytes, data: bytes) -> bytes | None:
    """The name under which a message prepares a statement with this text (Parse); later messages run it by that
    name.
    """
    parse = re.search(rb"P....([^\0]+)\0[^\0]*" + re.escape(statement), data, re.DOTALL)
    return parse[1] if parse else None


class _Connection:
    """What the two directions of a connection share."""

    def __init__(self) -> None:
        self.in_transaction = False
        self.marked: bytes | None = None
        self.swallows = False
        self.silent = False

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        """The next data to pass on; on a silent connection, wait forever."""
        data = await reader.read(1 << 20)
        if self.silent:
            await asyncio.Event().wait()
        return data
