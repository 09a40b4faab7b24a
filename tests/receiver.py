"""A real HTTP receiver on loopback that behaves as badly as a test asks.

    async with Receiver() as receiver:
        receiver.on("/hook", in_turn(answer(500), answer(200)))
        ... deliver to receiver.url("/hook") ...
        first, second = await receiver.received(2)

Written on plain streams, because HTTP servers do not support most of this. It understands HTTP/1.1 requests with a
Content-Length, keeps connections open as HTTP/1.1 does, and records every request before it behaves.
"""

import asyncio
import gzip
import socket
import ssl
import struct
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from time import monotonic
from types import TracebackType
from typing import Any, Self

from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True, slots=True)
class Received:
    """One request as received.

    `connection` counts the connections from 1, `peer` is the address it came from, and `at` is monotonic time.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    connection: int
    peer: str
    at: float = field(default_factory=monotonic)

    def header(self, name: str) -> str | None:
        """Return the first value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True)
class Wire:
    """What a behaviour writes to."""

    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Write, and wait while the other side does not read."""
        self.writer.write(data)
        await self.writer.drain()

    def close(self) -> None:
        """End the connection with a FIN."""
        self.writer.close()

    def reset(self) -> None:
        """End the connection with a RST."""
        connected: socket.socket = self.writer.get_extra_info("socket")
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Behaviour = Callable[[Received, Wire], Coroutine[Any, Any, None]]
Headers = Sequence[tuple[str, str]]


def head(status: int, headers: Headers = ()) -> bytes:
    """Return a status line and headers, with the empty line after them."""
    return "".join(
        [f"HTTP/1.1 {status} Status\r\n", *(f"{name}: {value}\r\n" for name, value in headers), "\r\n"]
    ).encode()


def answer(status: int = 200, headers: Headers = (), body: bytes = b"") -> Behaviour:
    """Answer properly."""
    return raw(head(status, [*headers, ("Content-Length", str(len(body)))]) + body)


def raw(data: bytes) -> Behaviour:
    """Answer with exactly these bytes and leave the connection open."""

    async def behave(received: Received, wire: Wire) -> None:
        await wire.send(data)

    return behave


def redirect(location: str, status: int = 302) -> Behaviour:
    """Answer with a redirect."""
    return answer(status, [("Location", location)])


def retry_after(value: str, status: int = 429) -> Behaviour:
    """Ask for a pause: seconds or an HTTP date."""
    return answer(status, [("Retry-After", value)])


def gzipped(body: bytes) -> Behaviour:
    """Answer with a compressed body: a decompression bomb, if `body` is long and repetitive."""
    return answer(200, [("Content-Encoding", "gzip")], gzip.compress(body))


def huge(size: int, *, chunked: bool = False) -> Behaviour:
    """Answer with `size` bytes, for as long as the sender reads."""
    piece = b"x" * 65536

    async def behave(received: Received, wire: Wire) -> None:
        await wire.send(head(200, [("Transfer-Encoding", "chunked")] if chunked else [("Content-Length", str(size))]))
        for start in range(0, size, len(piece)):
            part = piece[: size - start]
            await wire.send(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
        await wire.send(b"0\r\n\r\n" if chunked else b"")

    return behave


def drip(data: bytes, interval_seconds: float = 0.02) -> Behaviour:
    """Send these bytes one at a time, status line and headers included."""

    async def behave(received: Received, wire: Wire) -> None:
        for byte in data:
            await wire.send(bytes([byte]))
            await asyncio.sleep(interval_seconds)

    return behave


def hang() -> Behaviour:
    """Never answer."""

    async def behave(received: Received, wire: Wire) -> None:
        await asyncio.Event().wait()

    return behave


def after(event: asyncio.Event, then: Behaviour) -> Behaviour:
    """Behave like `then` once the test sets `event`."""

    async def behave(received: Received, wire: Wire) -> None:
        await event.wait()
        await then(received, wire)

    return behave


def close(first: bytes = b"") -> Behaviour:
    """Close the connection after these bytes: none of an answer, part of it, or all (and break the promise to keep it
    open).
    """

    async def behave(received: Received, wire: Wire) -> None:
        await wire.send(first)
        wire.close()

    return behave


def reset(first: bytes = b"") -> Behaviour:
    """Reset the connection after these bytes."""

    async def behave(received: Received, wire: Wire) -> None:
        await wire.send(first)
        wire.reset()

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """Behave as each of these once, and as the last of them from then on."""
    left = list(behaviours)

    async def behave(received: Received, wire: Wire) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(received, wire)

    return behave


class Receiver:
    """Listens on a free port of `host`; `tls` is a server context (`tests.certificates`).

    A path without a behaviour gets `otherwise`, by default an empty 200.
    """

    def __init__(
        self, otherwise: Behaviour | None = None, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> None:
        self.port = 0
        self.requests: list[Received] = []
        self.connections = 0
        self.open_connections = 0
        self._behaviours: dict[str, Behaviour] = {}
        self._otherwise = otherwise or answer()
        self._host = host
        self._tls = tls
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, 0, ssl=self._tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        """Return the URL of a path here, under another name of this host if one is given."""
        name = host or (f"[{self._host}]" if ":" in self._host else self._host)
        return f"{'https' if self._tls else 'http'}://{name}:{self.port}{path}"

    def on(self, path: str, behaviour: Behaviour) -> None:
        """Behave like this for requests to `path` (the query does not count)."""
        self._behaviours[path] = behaviour

    async def received(self, count: int = 1, *, path: str | None = None) -> list[Received]:
        """Wait until `count` requests have arrived, for one path or for any, and return all that have.

        Raises:
            TimeoutError: they did not arrive.
        """

        def come() -> list[Received]:
            return [request for request in self.requests if path in {None, request.path}]

        await self._wait(lambda: len(come()) >= count, f"{count} requests for {path or 'any path'}")
        return come()

    async def connected(self, count: int) -> None:
        """Wait until exactly `count` connections are open; with 0, until the sender has closed all of them.

        Raises:
            TimeoutError: that did not happen.
        """
        await self._wait(lambda: self.open_connections == count, f"{count} open connections")

    async def _wait(self, arrived: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._changed:
                await self._changed.wait_for(arrived)
        except TimeoutError:
            state = f"{len(self.requests)} requests came, {self.open_connections} connections are open"
            raise TimeoutError(f"Waited {PATIENCE_SECONDS:g} s for {what}; {state}.") from None

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self.open_connections += 1
        try:
            await self._tell()
            await self._serve(reader, writer, self.connections)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass  # the sender closed the connection, which it may
        except asyncio.CancelledError:
            pass  # the receiver is closing; asyncio's streams would log a canceled task as an error
        finally:
            self.open_connections -= 1
            writer.close()
            await self._tell()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        early, peer = b"", writer.get_extra_info("peername")[0]
        while not writer.is_closing():
            received = await _read_request(early, reader, connection, peer)
            self.requests.append(received)
            await self._tell()
            behaviour = self._behaviours.get(received.path.partition("?")[0], self._otherwise)
            early = await _behave_while_connected(behaviour(received, Wire(writer)), reader)


async def _behave_while_connected(acting: Coroutine[Any, Any, None], reader: asyncio.StreamReader) -> bytes:
    """Behave until done or until the sender is gone; return what it sent meanwhile, if anything (one byte at most)."""
    tasks = act, watch = asyncio.create_task(acting), asyncio.create_task(reader.read(1))
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if act.done() or watch.result():
            await act
            return watch.result() if watch.done() else b""
        raise ConnectionAbortedError("The sender has gone.")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read_request(early: bytes, reader: asyncio.StreamReader, connection: int, peer: str) -> Received:
    lines = (early + await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    fields = (line.partition(":") for line in lines[1:] if line)
    headers = tuple((name, value.strip()) for name, _, value in fields)
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Received(method, path, headers, await reader.readexactly(length), connection, peer)
