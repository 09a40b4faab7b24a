"""Reads the answer to one request from bytes as they come, within limits. Pure: no socket, no clock, no loop.

llhttp, the strict parser of Node.js, reads the grammar (RFC 9112). What is asked here is when the answer is whole, what
of it is kept, and whether what came stays within reason: a receiver may be hostile.
"""

import re
from typing import Literal, NamedTuple

import httptools

# Early hints come one or two at a time (RFC 8297).
_MAX_INTERIM_ANSWERS = 16

# As most servers have it for requests (Apache, nginx: 8 KiB a line).
_MAX_HEADER_BYTES = 8190
_MAX_HEADERS = 100
# Until they are whole, lines wait in the parser; and what frames a body (chunks, trailers) is no body, but takes time.
_MAX_HEAD_BYTES = 64 * 1024
_MAX_FRAMING_BYTES = 1024 * 1024

Part = Literal["status line", "headers", "chunks"]


_PROTOCOL = b"HTTP/"


class AnswerRefused(Exception):
    """What came is no answer that this server takes.

    AnswerRefused
    ├── NotHttp             it cannot be read
    ├── LineTooLong         the status line or a header
    ├── TooMuchFraming      chunks of nothing, trailers: it goes on without getting anywhere
    └── UnexpectedAnswer    interim answers without end
    """


class NotHttp(AnswerRefused):
    """What came cannot be read as an answer."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self.part = part


class LineTooLong(AnswerRefused):
    """The status line or a header is longer than any receiver's should be."""


class TooMuchFraming(AnswerRefused):
    """The answer goes on without getting anywhere."""


class UnexpectedAnswer(AnswerRefused):
    """One interim answer too many."""


class Received(NamedTuple):
    """A whole answer, its body cut off at the cap; headers are as they came."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    truncated: bool


# https://www.rfc-editor.org/rfc/rfc2068#section-19.7.1.1
_KEEP_TIMEOUT = re.compile(rb"\btimeout\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


class AnswerReader:
    """Reads one answer after another from the same connection; `expect` begins each."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.expect(cap=0)

    def expect(self, *, cap: int) -> None:
        """Begin to read an answer, of whose body at most `cap` bytes are kept."""
        self._cap = cap
        # What is known of the protocol that the status line names, and the bytes before those that come next.
        self._protocol = self._tail = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_count = 0
        self._body = bytearray()
        self._status = self._bytes = self._interim_answers = 0
        self._whole = self._truncated = False
        self._ends_with_connection = True
        self.head_is_whole = False
        # Whether the connection can serve another request, once the answer is whole.
        self.reusable = False
        # How long the receiver says it keeps the connection open.
        self.keep_seconds: float | None = None

    @property
    def body_bytes(self) -> int:
        """How much of the body has come."""
        return len(self._body)

    def feed(self, data: bytes) -> bool:
        """Read on; return whether the answer is whole.

        Raises:
            AnswerRefused: it never will be.
        """
        self._bytes += len(data)
        if len(self._protocol) < len(_PROTOCOL):
            self._read_protocol(data)
        interim_answers = self._interim_answers
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # nobody asked for another protocol: the answer is over
            self._whole, self.reusable = True, False
        except httptools.HttpParserError as error:
            if not self._whole:
                raise self._fault(error) from None
            self.reusable = False  # more came than the answer
        if interim_answers < self._interim_answers:
            rest = self._tail + data
            for _ in range(self._interim_answers - interim_answers):
                rest = rest.partition(b"\r\n\r\n")[2]
                self._protocol = b""
                self._read_protocol(rest)
        self._tail = (self._tail + data[-3:])[-3:]
        if not self._whole and self._bytes - len(self._body) > self._most_beside_the_body:
            raise TooMuchFraming if self.head_is_whole else LineTooLong
        return self._whole

    def _read_protocol(self, data: bytes) -> None:
        """Refuse an answer of another protocol: llhttp reads those of RTSP and ICE as if they were HTTP's."""
        if not self._protocol:
            data = data.lstrip(b"\r\n")  # as llhttp does
        self._protocol += data[: len(_PROTOCOL) - len(self._protocol)]
        if not _PROTOCOL.startswith(self._protocol):
            raise NotHttp("status line")

    def end(self) -> bool:
        """Nothing more will come: return whether the answer is whole, as one is that has no other end."""
        if self.head_is_whole and self._ends_with_connection:
            self._whole = True
        return self._whole

    def received(self) -> Received:
        """The answer, once it is whole."""
        return Received(self._status, self._headers[: self._header_count], bytes(self._body), self._truncated)

    @property
    def _most_beside_the_body(self) -> int:
        return _MAX_FRAMING_BYTES if self.head_is_whole else _MAX_HEAD_BYTES

    @property
    def _is_interim(self) -> bool:
        return 100 <= self._status < 200 and self._status != 101

    def _fault(self, error: httptools.HttpParserError) -> AnswerRefused:
        if isinstance(error.__context__, AnswerRefused):  # raised below, in a call of the parser's
            return error.__context__
        if self.head_is_whole:
            return NotHttp("chunks")
        return NotHttp("headers" if self._status or self._headers else "status line")

    # ── what the parser calls ──

    def on_message_begin(self) -> None:
        """A second answer ends the connection; the first one counts."""
        if self._whole:
            self.reusable = False

    def on_status(self, _: bytes) -> None:
        """Take note that there is a status line."""
        if not self._whole:
            self._status = -1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; those behind a body are counted, too."""
        if self._whole:
            return
        if len(name) + len(value) > _MAX_HEADER_BYTES:
            raise LineTooLong
        if len(self._headers) >= _MAX_HEADERS:
            raise NotHttp("headers")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Find out where the body ends."""
        if self._whole:
            return
        self._status = self._parser.get_status_code()
        if self._is_interim:
            return
        self.head_is_whole = True
        self._header_count = len(self._headers)
        values = {name.lower(): value for name, value in self._headers}
        chunked = values.get(b"transfer-encoding", b"").lower().endswith(b"chunked")
        self._ends_with_connection = not chunked and b"content-length" not in values
        if (keep_alive := values.get(b"keep-alive")) and (found := _KEEP_TIMEOUT.search(keep_alive)):
            self.keep_seconds = float(found[1])

    def on_body(self, data: bytes) -> None:
        """Keep the body up to the cap; beyond it, the answer counts as whole, and the connection is of no more use."""
        if self._whole:
            return
        self._body += data
        if len(self._body) > self._cap:
            del self._body[self._cap :]
            self._whole = self._truncated = True

    def on_message_complete(self) -> None:
        """The answer is whole, unless it was an interim one."""
        if self._whole:
            return
        if not self._is_interim:
            self._whole, self.reusable = True, self._parser.should_keep_alive()
            return
        self._interim_answers += 1
        if self._interim_answers > _MAX_INTERIM_ANSWERS:
            raise UnexpectedAnswer
        self._headers.clear()
        self._status = self._bytes = 0
