"""Closes connections with requests that arrive too slowly: Uvicorn waits forever for a head or a body that drips.

A head's time starts when the connection opens, or with its first byte on a kept connection; a body's time starts at the
end of its head. A request that arrives in one read, as most do, needs no timer.
"""

import asyncio
from typing import Any, ClassVar, Literal

import orjson
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from app.web.head_limit import LimitedHeads

Stage = Literal["idle", "head", "body"]

# A request's scope has a function of this name: it gives the rest of the body this many seconds from now.
MORE_TIME = "eev.more_time"


class PunctualRequests(LimitedHeads):
    """Uvicorn's protocol, within limits and deadlines. `within` sets them."""

    seconds: ClassVar[dict[Stage, float]]

    @classmethod
    def within(cls, head_seconds: float, body_seconds: float) -> "type[PunctualRequests]":
        """The protocol with these deadlines."""
        return type(cls.__name__, (cls,), {"seconds": {"head": head_seconds, "body": body_seconds}})

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._stage: Stage = "head"
        self._requests = 0
        self._timed: tuple[int, Stage] = (0, "idle")
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Time the head of a new connection."""
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer of a closed connection."""
        super().connection_lost(exc)
        self._stage = "idle"
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on, and begin or end a deadline if more is to come."""
        if self._stage == "idle":
            self._stage = "head"  # Even empty lines, which do not begin a request for the parser.
        super().data_received(data)
        self._watch()

    def on_message_begin(self) -> None:
        """Time the head of a request."""
        self._requests += 1
        self._stage = "head"
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Time the body of a request."""
        self._stage = "body"
        self.scope[MORE_TIME] = self.give_more_time  # type: ignore[literal-required]
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Stop timing a complete request."""
        self._stage = "idle"
        super().on_message_complete()

    def give_more_time(self, seconds: float) -> None:
        """Give the rest of a body a new deadline, for a body that is a stream and is being read."""
        if self._timer is not None and self._stage == "body":
            self._timer.cancel()
            self._timer = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def _watch(self) -> None:
        timed = (self._requests, self._stage)
        if timed == self._timed:
            return
        # A first head is timed from the opening of its connection, and becomes a request only with its first byte.
        if self._timer is not None and timed == (1, "head") and self._timed == (0, "head"):
            self._timed = timed
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._timed = timed
        if self._stage != "idle":
            self._timer = asyncio.get_running_loop().call_later(self.seconds[self._stage], self._too_late)

    def _too_late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._can_answer:
            self.transport.write(_answer(self._stage, self.seconds[self._stage]))
        self.transport.close()

    @property
    def _can_answer(self) -> bool:
        """Whether no other answer is being sent that this one would be mixed with."""
        if any(not cycle.response_complete for cycle in self._overtaken):
            return False
        cycle: RequestResponseCycle | None = self.cycle
        if self._stage == "body":
            return cycle is not None and not cycle.response_started
        return cycle is None or cycle.response_complete


def _answer(stage: Stage, seconds: float) -> bytes:
    message = f"The {stage} of the request did not come within {seconds:g} s."
    body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": "BAD_USER_INPUT"}}]})
    head = (
        "HTTP/1.1 408 Request Timeout\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
