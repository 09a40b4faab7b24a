"""Refuses bodies that are too large before they fill memory, even if they do not announce their size."""

import asyncio
import contextlib
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.answers import error_answer
from app.web.middleware import header

# If a connection is closed while the client is still sending, it is reset, and the client may never see the answer. The
# rest of the body is therefore read and dropped for a while.
LINGER_SECONDS = 5.0


class BodyTooLarge(Exception):
    """The body is longer than allowed. Raised in its reader, and answered with 413."""


class BodyLimit:
    """Answers 413 to bodies of more than `max_bytes`, and reads on for `linger_seconds` at most.

    Args:
        unlimited: whether the body of a request is a stream, which its reader bounds.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_bytes: int,
        linger_seconds: float = LINGER_SECONDS,
        unlimited: Callable[[Scope], bool] = lambda _: False,
    ) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._linger_seconds = linger_seconds
        self._unlimited = unlimited

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._unlimited(scope):
            await self._app(scope, receive, send)
            return
        declared = header(scope, b"content-length")
        if declared.isdigit() and int(declared) > self._max_bytes:
            await self._refuse(scope, receive, send, f"{int(declared):,} bytes")
            return
        body = _CountedBody(receive, self._max_bytes)
        started = False

        async def send_unless_too_large(message: Message) -> None:
            nonlocal started
            if started or not body.too_large:
                started = True
                await send(message)

        try:
            await self._app(scope, body.receive, send_unless_too_large)
        except BodyTooLarge:
            if started:
                raise
        if body.too_large and not started:
            await self._refuse(scope, receive, send, f"more than {self._max_bytes:,} bytes")

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, size: str) -> None:
        message = (
            f"The body of the request has {size}; at most {self._max_bytes:,} are allowed."
            " Send less at once, for instance fewer events in one publishEvents."
        )
        answer = error_answer(Request(scope), 413, message, "BAD_USER_INPUT")
        answer.headers["connection"] = "close"
        await send({"type": "http.response.start", "status": 413, "headers": answer.raw_headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": True})
        # A client that asked for "100 Continue" waits for it before sending, and has received this answer instead.
        if header(scope, b"expect").lower() != b"100-continue":
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._linger_seconds):
                    await _read_to_the_end(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _CountedBody:
    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._left = max_bytes
        self.too_large = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.too_large = True
            raise BodyTooLarge
        return message


async def _read_to_the_end(receive: Receive) -> None:
    while (await receive()).get("more_body", False):
        pass
