"""A real forward proxy on loopback: it opens tunnels (HTTP CONNECT), and misbehaves on demand.

    async with ConnectProxy() as proxy:
        Transport(policy, proxy=Proxy.at(proxy.url()))

It connects to the requested address, and records the request.
"""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self


class ConnectProxy:
    """Opens tunnels, or, for an authority in `answers`, sends those bytes and closes.

    `login` is the expected Proxy-Authorization. An authority in `silent` is never answered.
    """

    def __init__(self, *, login: str | None = None) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, bytes] = {}
        self.silent: set[str] = set()
        self.port = 0
        self._login = login
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, at the same port as before."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections, and end the tunnels."""
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def url(self, login: str = "") -> str:
        """The proxy's URL."""
        return f"http://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    @property
    def authorities(self) -> list[str]:
        """The addresses that it was asked to connect to."""
        return [authority for authority, _ in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            # Canceled by `stop`, which a log would report as an error.
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            writer.transport.abort()
            self._serving.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").rstrip("\r\n").split("\r\n")
        method, authority, _ = request.split(" ")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        self.asked.append((authority, headers))
        if authority in self.silent:
            await asyncio.Event().wait()
        refusal = self.answers.get(authority)
        if self._login is not None and headers.get("proxy-authorization") != self._login:
            refusal = b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n'
        if method != "CONNECT":
            refusal = b"HTTP/1.1 405 Method Not Allowed\r\n\r\n"
        if refusal is not None:
            writer.write(refusal)
            await writer.drain()
            return
        host, _, port = authority.rpartition(":")
        try:
            to_reader, to_writer = await asyncio.open_connection(host.strip("[]"), int(port))
        except OSError:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pour(reader, to_writer), _pour(to_reader, writer))
        finally:
            to_writer.transport.abort()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
