"""Sends the head of an answer together with its body: Uvicorn writes first one, then the other, which are two system
calls for the server, and two packets and two wake-ups for the client.
"""

import asyncio

from app.web.head_limit import LimitedHeads


class OneWrite(asyncio.Transport):
    """The transport of one answer. Its head waits for what is written next in the same turn of the event loop; where
    that is nothing, as in a stream, it goes by itself."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._head = b""
        self._flushing: asyncio.Handle | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write a part of the answer, or keep it a moment where it is the head."""
        if self._head:
            data = self._take_head() + bytes(data)
        elif bytes(data[:9]) == b"HTTP/1.1 ":
            self._head = bytes(data)
            self._flushing = asyncio.get_running_loop().call_soon(self._flush)
            return
        self._transport.write(data)

    def close(self) -> None:
        """Close the connection, once what was written has gone out."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Tell whether the connection is closed or about to be."""
        return self._transport.is_closing()

    def _flush(self) -> None:
        if self._head and not self.is_closing():
            self._transport.write(self._take_head())

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        if self._flushing is not None:
            self._flushing.cancel()
        return head


class AnswersInOneWrite(LimitedHeads):
    """Uvicorn's protocol, within limits, with answers of one write each."""

    def on_headers_complete(self) -> None:
        """A request has begun, and with it perhaps what will answer it."""
        before = self.cycle
        super().on_headers_complete()
        if self.cycle is not before:
            self.cycle.transport = OneWrite(self.transport)
