"""Middleware around all routes. Pure ASGI: Starlette's BaseHTTPMiddleware breaks context variables, streaming and
background tasks.
"""

import asyncio
import re
import secrets
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Accepted IDs from callers: those that are safe in log lines and headers.
_REQUEST_ID = re.compile(rb"[\w.:/+=-]{1,128}", re.ASCII)
# In ASGI's form, because they are added to every response.
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-site"),
    # Responses are data; the pages have their own policy.
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


def header(scope: Scope, name: bytes) -> bytes:
    """The value of a request's first header with this lower-case name; b"" if there is none."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return b""


class RequestId:
    """Takes the caller's `x-request-id` or makes one, and puts it into the request's log lines and its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        request_id = given.decode() if _REQUEST_ID.fullmatch(given) else secrets.token_hex(12)
        scope["eev.request_id"] = request_id
        added = (b"x-request-id", request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), added]
            await send(message)

        before = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self._app(scope, receive, send_with_id)
        finally:
            structlog.contextvars.reset_contextvars(**before)


class SecurityHeaders:
    """Adds headers against sniffing, framing and caching to responses that do not set their own.

    Over the server's own TLS, responses also say that there is https for `hsts_seconds`, unless that is 0.
    """

    def __init__(self, app: ASGIApp, hsts_seconds: int) -> None:
        self._app = app
        hsts = (b"strict-transport-security", b"max-age=%d" % hsts_seconds)
        self._over_tls = (*_SECURITY_HEADERS, hsts) if hsts_seconds else _SECURITY_HEADERS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Of the connection itself: no header of a proxy has been read yet.
        added = self._over_tls if scope.get("scheme") == "https" else _SECURITY_HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                own = {name for name, _ in headers}
                message["headers"] = headers + [each for each in added if each[0] not in own]
            await send(message)

        await self._app(scope, receive, send_with_headers)


class EndStreams:
    """Ends endless answers (server-sent events) when the server closes, because they would hold it up.

    To the answer it looks as if the client had disconnected; to the client, as if the answer had ended.
    """

    def __init__(self, app: ASGIApp, closing: asyncio.Event) -> None:
        self._app = app
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_body, unfinished = True, False

        async def receive_or_end() -> Message:
            nonlocal has_body
            if has_body:
                message = await receive()
                has_body = message["type"] == "http.request" and message.get("more_body", False)
                return message
            return await self._gone_or_closing(receive)

        async def send_and_watch(message: Message) -> None:
            nonlocal unfinished
            await send(message)
            unfinished = message["type"] == "http.response.start" or message.get("more_body", False)

        await self._app(scope, receive_or_end, send_and_watch)
        if unfinished and self._closing.is_set():
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _gone_or_closing(self, receive: Receive) -> Message:
        gone: asyncio.Future[Message] = asyncio.ensure_future(receive())
        either: list[asyncio.Future[Any]] = [gone, asyncio.ensure_future(self._closing.wait())]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return gone.result() if gone.done() else {"type": "http.disconnect"}
        finally:
            for waiting in either:
                waiting.cancel()
