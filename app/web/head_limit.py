"""Refuses endless heads of requests (URL and headers), because Uvicorn would buffer whatever is sent.

Counts the bytes that neither complete a head nor belong to a body, so trailers and extensions of chunks are bounded
too. The read in which a request begins is not counted: it may contain the end of the previous request, and is bounded
by itself.
"""

from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle


class LimitedHeads(HttpToolsProtocol):
    """Uvicorn's protocol; the limit is its configuration's `h11_max_incomplete_event_size`, in bytes."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._max_bytes = self.config.h11_max_incomplete_event_size or 0
        self._bytes_without_end = 0
        self._got_on = False
        # Requests that are still being answered while the next one has already arrived (pipelining).
        self._overtaken: list[RequestResponseCycle] = []

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the disconnect to every request that is being answered; Uvicorn reports it only to the last one."""
        for cycle in self._overtaken:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, and close the connection (431) after too many bytes without progress."""
        self._got_on = False
        super().data_received(data)
        if self._got_on:
            self._bytes_without_end = 0
            return
        self._bytes_without_end += len(data)
        if self._bytes_without_end > self._max_bytes and not self.transport.is_closing():
            self._refuse()

    def on_message_begin(self) -> None:
        """Count from here, because a request begins."""
        self._got_on = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Stop counting, because the head is complete."""
        self._got_on = True
        before: RequestResponseCycle | None = self.cycle
        super().on_headers_complete()
        self._overtaken = [cycle for cycle in self._overtaken if not cycle.response_complete]
        if before is not None and before is not self.cycle and not before.response_complete:
            self._overtaken.append(before)

    def on_body(self, body: bytes) -> None:
        """Do not count the body, which `app.web.body_limit` does."""
        self._got_on = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Count from here, because the request is complete."""
        self._got_on = True
        super().on_message_complete()

    def _refuse(self) -> None:
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:  # otherwise these are trailers, or another answer is being sent
            self.transport.write(_answer(self._max_bytes))
        self.transport.close()


def _answer(max_bytes: int) -> bytes:
    message = (
        f"The URL and the headers of the request have more than {max_bytes:,} bytes; at most {max_bytes:,} are allowed."
        " Send a long operation by POST."
    )
    body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]})
    head = (
        "HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
