"""Reads HTTP requests from a stream, with the parser that the server itself uses (llhttp). Knows no webhook."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

import httptools

# Far above any event; bounds the memory of the receiver.
MAX_REQUEST_BYTES = 32 * 1024 * 1024
_READ_BYTES = 64 * 1024


class BadRequest(Exception):
    """The data is not an HTTP request, or too large; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as received; header names in lower case, repeated headers joined by commas."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool


async def requests(reader: asyncio.StreamReader) -> AsyncGenerator[Request, None]:
    """The requests of one connection, until the other side ends it.

    Raises:
        BadRequest: nothing more can be read.
    """
    collector = _Collector()
    while data := await reader.read(_READ_BYTES):
        collector.feed(data)
        while collector.complete:
            yield collector.complete.popleft()


class _Collector:
    """What httptools calls while it parses."""

    def __init__(self) -> None:
        self.complete: deque[Request] = deque()
        self._parser = httptools.HttpRequestParser(self)
        self._begin()

    def feed(self, data: bytes) -> None:
        """Parse data; complete requests are appended to `complete`."""
        self._bytes += len(data)
        if self._bytes > MAX_REQUEST_BYTES:
            raise BadRequest(f"The request has more than {MAX_REQUEST_BYTES} bytes.")
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise BadRequest("The request asks for another protocol.") from None
        except httptools.HttpParserError as error:
            raise BadRequest(f"This is no HTTP request: {error}.") from None

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        method, keep_alive = self._parser.get_method().decode("ascii"), self._parser.should_keep_alive()
        path = self._url.decode("latin-1")
        self.complete.append(Request(method, path, self._headers, bytes(self._body), keep_alive))
        self._begin()

    def _begin(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._bytes = 0
