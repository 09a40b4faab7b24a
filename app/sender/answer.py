"""Reads the answer to one request from bytes as they arrive, within limits. Pure: no socket, no clock, no loop.

llhttp, the strict parser of Node.js, reads the grammar (RFC 9112). This module decides when the answer is complete and
what of it is kept, and enforces limits, because a receiver may be hostile. If the parser refuses an answer, it is read
once more from its beginning, tolerating harmless faults; its connection then serves no other request.
"""

import re
from typing import NamedTuple

import httptools

from app.sender.refusals import (
    AnswerRefused,
    HeaderRefused,
    HeadTooLong,
    NotHttp,
    SpeaksHttp2,
    TooManyHeaders,
    TooManyInterim,
    TooMuchFraming,
)
from app.sender.sloppy_chunks import SloppyChunks
from app.sender.sloppy_head import end_of_head, tidy

# Early hints come one or two at a time (RFC 8297).
_MAX_INTERIM_ANSWERS = 16

# As most servers limit requests (Apache, nginx: 8 KiB per line).
_MAX_HEADER_BYTES = 8190
# More than any framework sends; the bytes are bounded as well.
_MAX_HEADERS = 1_000
# Incomplete lines wait in the parser. The framing of a body (chunks, trailers) is not part of the body, but takes time.
_MAX_HEAD_BYTES = 64 * 1024
_MAX_FRAMING_BYTES = 1024 * 1024

_PROTOCOL = b"HTTP/"
_STATUS_LINE = re.compile(rb"HTTP/[0-9]\.[0-9] ([1-9][0-9]{2})(?![0-9A-Za-z])")
# An HTTP/2 connection begins with SETTINGS, or ends with GOAWAY: length, type, flags, stream 0 (RFC 9113, section 4).
_HTTP2_FRAME = re.compile(rb"\0..[\x04\x07].\0{4}", re.DOTALL)
_HTTP2_FRAME_BYTES = 9
# The longest end of a head, without its last byte.
_END_BYTES = 3


class Received(NamedTuple):
    """A complete answer with its body truncated at the cap; headers are as received."""

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
        """Begin to read an answer; at most `cap` bytes of its body are kept."""
        self._cap = cap
        # The part of the status line's protocol read so far, and the bytes before the next ones.
        self._protocol = self._tail = b""
        # Everything received until the answer is complete, because the parser may refuse it late.
        self._came: list[bytes] = []
        self._is_sloppy = False
        # For a sloppy answer: bytes that no parser has taken yet, and how many of them were searched for the head's
        # end.
        self._pending = bytearray()
        self._searched = 0
        self._chunks: SloppyChunks | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_count = 0
        self._body = bytearray()
        self._status = self._bytes = self._interim_answers = 0
        self._whole = self._truncated = False
        self._ends_with_connection = True
        self.head_is_whole = False
        # Whether the connection can serve another request, once the answer is complete.
        self.reusable = False
        # How long the receiver promises to keep the connection open.
        self.keep_seconds: float | None = None

    @property
    def status(self) -> int | None:
        """The status of the answer once received; None for that of an interim answer."""
        return self._status if self._status and not self._is_interim else None

    @property
    def body_bytes(self) -> int:
        """Size of the body received so far."""
        return len(self._body)

    def feed(self, data: bytes) -> bool:
        """Read on; return whether the answer is complete.

        Raises:
            AnswerRefused: it never will be.
        """
        self._bytes += len(data)
        if self._is_sloppy:
            self._pending += data
            self._read_sloppy()
        else:
            self._came.append(data)
            interim_answers = self._interim_answers
            if not self._parse(data) or not self._is_http(data, self._interim_answers - interim_answers):
                self._begin_again()
        if self._whole:
            self._came.clear()
            self.reusable = self.reusable and not self._is_sloppy
        elif self._bytes - len(self._body) > self._most_beside_the_body:
            raise TooMuchFraming if self.head_is_whole else HeadTooLong(_MAX_HEAD_BYTES)
        return self._whole

    def _parse(self, data: bytes | bytearray) -> bool:
        """Let the parser read on; return whether it could.

        Raises:
            AnswerRefused: the answer exceeds a limit.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # no other protocol was requested: the answer is over
            self._whole, self.reusable = True, False
        except httptools.HttpParserError as error:
            if isinstance(error.__context__, AnswerRefused):  # raised below, in a callback of the parser
                raise error.__context__ from None
            self.reusable = False  # if the answer is complete, more than the answer arrived
            return self._whole
        return True

    def _begin_again(self) -> None:
        """Read everything received once more, as a sloppy answer."""
        came = b"".join(self._came)
        self.expect(cap=self._cap)
        self._parser = httptools.HttpResponseParser(self)
        self._is_sloppy, self._bytes, self._pending = True, len(came), bytearray(came)
        self._read_sloppy()

    def _read_sloppy(self) -> None:
        while not self.head_is_whole and not self._whole:
            if not self._read_sloppy_head():
                return
        if self._chunks is None:
            self._parse(self._pending)
        elif not self._whole:
            self.on_body(self._chunks.read(self._pending))
            self._whole |= self._chunks.ended
        self._pending.clear()

    def _read_sloppy_head(self) -> bool:
        """Read the head of an answer, if it is complete; return whether it is."""
        pending = self._pending
        if not self._searched:
            del pending[: len(pending) - len(pending.lstrip(b"\r\n"))]  # as the parser does
        if not (status := _status_in(pending)):
            return False
        if status >= 200:
            self._status = status
        end = end_of_head(pending, max(0, self._searched - _END_BYTES))
        if end < 0:
            self._searched = len(pending)
            return False
        head = bytes(pending[:end])
        del pending[:end]
        self._searched, self._bytes = 0, len(pending)
        if not self._parse(tidy(head)):
            raise NotHttp("status line")  # the headers are in order now
        return True

    def _is_http(self, data: bytes, interim_answers: int) -> bool:
        """Whether the status lines, `interim_answers` of which end in `data`, name HTTP: llhttp accepts those of RTSP
        and ICE as if they were HTTP's.
        """
        is_http = self._read_protocol(data)
        if interim_answers:
            rest = self._tail + data
            for _ in range(interim_answers):
                rest = rest.partition(b"\r\n\r\n")[2]
                self._protocol = b""
                is_http &= self._read_protocol(rest)
        self._tail = (self._tail + data[-_END_BYTES:])[-_END_BYTES:]
        return is_http

    def _read_protocol(self, data: bytes) -> bool:
        if len(self._protocol) == len(_PROTOCOL):
            return True
        if not self._protocol:
            data = data.lstrip(b"\r\n")  # as llhttp does
        self._protocol += data[: len(_PROTOCOL) - len(self._protocol)]
        return _PROTOCOL.startswith(self._protocol)

    def end(self) -> bool:
        """Note that the connection ended; return whether that completes the answer, as it does if nothing else marks
        its end.
        """
        if self.head_is_whole and self._ends_with_connection:
            self._whole = True
        return self._whole

    def received(self) -> Received:
        """The answer, once it is complete."""
        return Received(self._status, self._headers[: self._header_count], bytes(self._body), self._truncated)

    @property
    def _most_beside_the_body(self) -> int:
        return _MAX_FRAMING_BYTES if self.head_is_whole else _MAX_HEAD_BYTES

    @property
    def _is_interim(self) -> bool:
        return 100 <= self._status < 200 and self._status != 101

    # ── what the parser calls ──

    def on_message_begin(self) -> None:
        """A second answer closes the connection; the first one counts."""
        if self._whole:
            self.reusable = False

    def on_status(self, _: bytes) -> None:
        """Note the status, which precedes its reason phrase."""
        if not self._whole:
            self._status = self._parser.get_status_code()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header; trailers are counted, too."""
        if self._whole:
            return
        if len(name) + len(value) > _MAX_HEADER_BYTES:
            raise HeaderRefused(name, len(self._headers) + 2, f"is longer than {_MAX_HEADER_BYTES} bytes")
        if len(self._headers) >= _MAX_HEADERS:
            raise TooManyHeaders(_MAX_HEADERS)
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
        chunked = values.get(b"transfer-encoding", b"").lower().rpartition(b",")[2].strip() == b"chunked"
        self._chunks = SloppyChunks() if chunked and self._is_sloppy else None
        self._ends_with_connection = not chunked and b"content-length" not in values
        if (keep_alive := values.get(b"keep-alive")) and (found := _KEEP_TIMEOUT.search(keep_alive)):
            self.keep_seconds = float(found[1])

    def on_body(self, data: bytes) -> None:
        """Keep the body up to the cap; beyond it, the answer counts as complete, and the connection is not reused."""
        if self._whole:
            return
        self._body += data
        if len(self._body) > self._cap:
            del self._body[self._cap :]
            self._whole = self._truncated = True

    def on_message_complete(self) -> None:
        """Mark the answer as complete, unless it was an interim one."""
        if self._whole:
            return
        if not self._is_interim:
            self._whole, self.reusable = True, self._parser.should_keep_alive()
            return
        self._interim_answers += 1
        if self._interim_answers > _MAX_INTERIM_ANSWERS:
            raise TooManyInterim(_MAX_INTERIM_ANSWERS)
        self._headers.clear()
        self._status = self._bytes = 0


def _status_in(head: bytearray) -> int | None:
    """The status at the start of a head; None if it is not complete yet.

    Raises:
        NotHttp, SpeaksHttp2: it does not begin with a status.
    """
    if found := _STATUS_LINE.match(head):
        return int(found[1])
    if _HTTP2_FRAME.match(head):
        raise SpeaksHttp2
    begins_http2 = head.startswith(b"\0") and len(head) < _HTTP2_FRAME_BYTES
    begins_http = _PROTOCOL.startswith(head[:5]) and b"\n" not in head and len(head) <= len("HTTP/1.1 200")
    if begins_http2 or begins_http:
        return None
    raise NotHttp("status line")
