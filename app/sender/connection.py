"""One connection to a receiver: a request out, one answer in, before a deadline. Any other data closes it, so that
nothing can be mistaken for the answer to the next request.
"""

import asyncio
import socket
from collections.abc import Callable
from time import perf_counter
from typing import cast

from app.sender.answer import AnswerReader, Received
from app.sender.exchange import Exchange
from app.sender.refusals import AnswerRefused

# A big body is sent in pieces, so that other requests get their turn in between.
_PIECE_BYTES = 256 * 1024
# How long data on a kept connection may stay unacknowledged: a few retransmissions.
UNACKNOWLEDGED_MS = 3_000


class DeadlinePassed(Exception):
    """The answer was not complete before the deadline."""


class ConnectionLost(Exception):
    """The connection ended before the answer was complete."""

    def __init__(self, *, was_reset: bool) -> None:
        super().__init__()
        self.was_reset = was_reset


class Connection(asyncio.Protocol):
    """Takes one request at a time. Calls `lost` with itself when it has ended."""

    def __init__(self, lost: Callable[["Connection"], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._lost = lost
        self._reader: AnswerReader | None = AnswerReader()
        self._transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self._answer: asyncio.Future[Received] | None = None
        self._room: asyncio.Future[None] | None = None
        self._reusable = False
        self.address: str | None = None
        self.idle_until = 0.0
        # How long the receiver keeps it open while idle, if it has said so.
        self.keep_seconds: float | None = None
        self._is_kept = False

    @property
    def reusable(self) -> bool:
        """Whether another request may be sent on it."""
        return self._reusable and self._transport is not None and not self._transport.is_closing()

    async def exchange(self, head: bytes, body: bytes, exchange: Exchange, *, deadline: float, cap: int) -> Received:
        """Send a request and wait for its answer; `deadline` is in the loop's time, `cap` in bytes of body.

        Raises:
            DeadlinePassed, ConnectionLost, AnswerRefused: there is no complete answer, and the connection is closed.
        """
        if self._transport is None or self._reader is None:
            raise ConnectionLost(was_reset=False)
        self._reusable = False
        self._reader.expect(cap=cap)
        self._exchange = exchange
        # Not in a local variable: a traceback holds the frame, and the future would hold the traceback.
        self._answer = self._loop.create_future()
        timer = self._loop.call_at(deadline, self._expire)
        try:
            if len(body) <= _PIECE_BYTES:
                self._transport.write(head + body)
            else:
                await self._write_in_pieces(head, body, self._answer)
            exchange.sent = perf_counter()
            return await self._answer
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            timer.cancel()
            self._answer = self._exchange = None

    async def _write_in_pieces(self, head: bytes, body: bytes, answer: "asyncio.Future[Received]") -> None:
        pieces = [head, *(body[first : first + _PIECE_BYTES] for first in range(0, len(body), _PIECE_BYTES))]
        for piece in pieces:
            if self._room is not None:
                await self._room
            if answer.done() or self._transport is None:  # refused before it was all sent, or the connection is gone
                self.close()
                return
            self._transport.write(piece)

    def keep(self) -> None:
        """Note that it is reused from now on: the network in between may have dropped it meanwhile.

        The kernel then closes it soon if nothing is acknowledged (if the operating system can), instead of leaving that
        to the request's deadline.
        """
        if self._is_kept or self._transport is None:
            return
        self._is_kept = True
        opened = self._transport.get_extra_info("socket")
        option = getattr(socket, "TCP_USER_TIMEOUT", None)
        if opened is not None and option is not None:
            opened.setsockopt(socket.IPPROTO_TCP, option, UNACKNOWLEDGED_MS)

    def close(self) -> None:
        """Close the connection at once, even during an exchange."""
        self._reusable = False
        if self._transport is not None:
            self._transport.abort()

    # ── what the event loop calls ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, and the peer's address (None if the receiver has reset the connection already)."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it
        peer = transport.get_extra_info("peername")
        self.address = peer[0] if peer else None

    def data_received(self, data: bytes) -> None:
        """Read on; data on an idle connection was not requested."""
        if self._answer is None or self._answer.done() or self._reader is None:
            self.close()
            return
        if self._exchange is not None:
            self._exchange.heard = True
        try:
            whole = self._reader.feed(data)
        except AnswerRefused as error:
            self._note_progress(self._reader)
            self._fail(error)
            return
        self._note_progress(self._reader)
        if whole:
            self._finish(self._answer, self._reader)

    def eof_received(self) -> None:
        """Close the connection, because no more data will come."""
        if self._answer is not None and not self._answer.done() and self._reader is not None and self._reader.end():
            self._finish(self._answer, self._reader)

    def connection_lost(self, error: Exception | None) -> None:
        """Notify the waiting caller."""
        self._fail(ConnectionLost(was_reset=error is not None))
        self._transport = self._reader = None
        self._lost(self)

    def pause_writing(self) -> None:
        """Pause, because the receiver accepts no more data for now."""
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        """Resume, because the receiver accepts data again."""
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        self._room = None

    # ── the end of an exchange ──

    def _note_progress(self, reader: AnswerReader) -> None:
        if self._exchange is None:
            return
        self._exchange.status = reader.status
        if reader.head_is_whole:
            self._exchange.headers_came = self._exchange.headers_came or perf_counter()
            self._exchange.body_bytes = reader.body_bytes

    def _finish(self, answer: "asyncio.Future[Received]", reader: AnswerReader) -> None:
        assert self._transport is not None
        # An answer that arrived before the whole request was sent leaves half a request on the connection.
        self._reusable = reader.reusable and not self._transport.get_write_buffer_size()
        self.keep_seconds = reader.keep_seconds
        answer.set_result(reader.received())
        if not self._reusable:
            self.close()
        self.resume_writing()

    def _expire(self) -> None:
        self._fail(DeadlinePassed())

    def _fail(self, error: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        self.close()
        self.resume_writing()
