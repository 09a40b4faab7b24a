"""Server-sent events: the results of one operation as a stream.

Sources: github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md ("distinct connections mode"), HTML standard, 9.2.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send

from graph.http import EVENT_STREAM, encode
from graph.waiting import disconnected, next_value

# Proxies close idle connections.
HEARTBEAT_SECONDS = 15.0

_HEADERS = [
    (b"content-type", f"{EVENT_STREAM}; charset=utf-8".encode()),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),  # Nginx passes events on one by one
]


class EventStream:
    """A response that sends results one at a time as they arrive, and stops when the client disconnects."""

    def __init__(
        self, results: AsyncGenerator[Mapping[str, Any], None], heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._results = results
        self._heartbeat_seconds = heartbeat_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        sending = asyncio.ensure_future(self._send(send))
        gone = asyncio.ensure_future(disconnected(receive))
        try:
            await asyncio.wait([sending, gone], return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            gone.cancel()
            await asyncio.wait([sending, gone])

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        beat = partial(_write, send, b":\n\n")
        await beat()  # so that the client sees at once that the stream is open
        async with aclosing(self._results):
            while (result := await next_value(self._results, self._heartbeat_seconds, beat)) is not None:
                await _write(send, b"event: next\ndata: " + encode(result) + b"\n\n")
        await _write(send, b"event: complete\ndata:\n\n", more=False)


async def _write(send: Send, text: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": text, "more_body": more})
