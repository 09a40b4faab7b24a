"""An HTTP/1.1 client that costs little, to leave the machine to the measured processes. Requests are sent as a whole,
and every answer must have a Content-Length, as those of the product and of the bench's receiver do.
"""

import asyncio
from typing import cast
from urllib.parse import urlsplit

# uvicorn closes a connection that has been idle for 5 s, and a request may just be on its way on it.
KEEP_IDLE_SECONDS = 3.0


class Disconnected(Exception):
    """The server closed the connection instead of answering."""


class Connection(asyncio.Protocol):
    """One connection, one request at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None
        self.closed = False
        self.idle_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it

    def ask(self, request: bytes) -> "asyncio.Future[bytes]":
        """Send a request; the future gets the body of its answer, or `Disconnected`."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        """Pass the body on once it is complete."""
        self._received += data
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        _, _, rest = self._received[:end].lower().partition(b"\r\ncontent-length:")
        length = int(rest.partition(b"\r\n")[0] or 0)
        if len(self._received) < end + length:
            return
        body, self._received = self._received[end : end + length], self._received[end + length :]
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(body)

    def connection_lost(self, error: Exception | None) -> None:
        """Notify the caller that waits for an answer."""
        self.closed = True
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Disconnected(f"The server closed the connection: {error or 'without a word'}."))


class Pool:
    """As many connections to one server as there are concurrent requests; the most recently used are reused first."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._idle: list[Connection] = []

    async def ask(self, request: bytes) -> bytes:
        """Send a whole request, and return the body of its answer.

        Raises:
            Disconnected: the server closed the connection first.
            OSError: the connection failed.
        """
        connection = await self._connection()
        try:
            body = await connection.ask(request)
        except BaseException:
            connection.transport.close()
            raise
        connection.idle_since = asyncio.get_running_loop().time()
        self._idle.append(connection)
        return body

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            connection.transport.close()

    async def _connection(self) -> Connection:
        given_up = asyncio.get_running_loop().time() - KEEP_IDLE_SECONDS
        while self._idle:
            connection = self._idle.pop()
            if not connection.transport.is_closing() and not connection.closed and connection.idle_since > given_up:
                return connection
            connection.transport.close()
        _, connection = await asyncio.get_running_loop().create_connection(Connection, self._host, self._port)
        return connection
