"""Serves connections whose client has not authenticated yet a few at a time, WebSockets last.

Anyone can open thousands of connections and write to all of them at once. The event loop would then parse all of their
requests, and begin to answer them, before it returns to anybody else. Here they get a limited time in each iteration of
the loop; those that exceed it wait in line and are not read from meanwhile.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, ClassVar

from app.web.request_deadlines import PunctualRequests

# Of one iteration of the event loop.
SECONDS_PER_TURN = 0.002
# What a WebSocket's head contains. A client that hides it waits in the other line.
_UPGRADE, _HEAD_BYTES = b"\nupgrade:", 4_096

Read = Callable[[], None]


class Line:
    """The line in which strangers of one server wait.

    Args:
        now: monotonic time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now = now
        self._requests: deque[Read] = deque()
        self._sockets: deque[Read] = deque()
        self._spent = 0.0
        self._turn_ends = False

    def __len__(self) -> int:
        return len(self._requests) + len(self._sockets)

    def serve(self, read: Read, *, is_socket: bool) -> bool:
        """Call `read` now and return True, or wait in line if this turn's time is spent."""
        self._end_turn_later()
        if self._spent < SECONDS_PER_TURN and not len(self):
            self._run(read)
            return True
        (self._sockets if is_socket else self._requests).append(read)
        return False

    def _end_turn_later(self) -> None:
        if not self._turn_ends:
            self._turn_ends = True
            asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._turn_ends, self._spent = False, 0.0
        if len(self):
            self._end_turn_later()
        if self._sockets:
            self._run(self._sockets.popleft())  # so that requests never keep sockets out
        while self._spent < SECONDS_PER_TURN and len(self):
            self._run((self._requests or self._sockets).popleft())

    def _run(self, read: Read) -> None:
        started = self._now()
        try:
            read()
        finally:
            self._spent += self._now() - started


class StrangersLast(PunctualRequests):
    """Uvicorn's protocol, in which clients that have not authenticated wait in line. `within` sets the deadlines.

    The application says that a client has by `request.state.authenticated = True`.
    """

    line: ClassVar[Line]

    @classmethod
    def within(cls, head_seconds: float, body_seconds: float) -> "type[StrangersLast]":
        """The protocol with these deadlines, and a line of its own."""
        return type(cls.__name__, (super().within(head_seconds, body_seconds),), {"line": Line()})

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_known = False
        self._held = b""

    def data_received(self, data: bytes) -> None:
        """Read on, or wait in line."""
        if self._is_known:
            super().data_received(data)
            return
        if self._held:  # it waits already
            self._held += data
            return
        self._held = data
        is_socket = _UPGRADE in data[:_HEAD_BYTES].lower()
        if not self.line.serve(self._read_held, is_socket=is_socket):
            self.flow.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up waiting."""
        self._held = b""
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        """Notice that the client has authenticated."""
        self._is_known = self._is_known or "authenticated" in self.scope["state"]
        super().on_response_complete()

    def _read_held(self) -> None:
        data, self._held = self._held, b""
        if not data or self.transport.is_closing():
            return
        self.flow.resume_reading()
        super().data_received(data)

    def _too_late(self) -> None:
        # Time in line is the server's.
        if not self._held:
            super()._too_late()
