"""Compresses answers with gzip if the client accepts it. Streams are never compressed.

Compression under TLS reveals how similar parts of an answer are (BREACH). An attack needs a victim's browser that
requests again and again, with credentials, a page with a secret and the attacker's text in it. Here, credentials are
sent in Authorization, which no foreign page can set, or in a cookie that counts only for the server's own pages; and
answers with a secret (a new key, a webhook's signing secret) repeat no other part of the request of that length.
"""

import asyncio
import gzip
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.middleware import header

# A smaller answer fits into a packet anyway.
MIN_BYTES = 1024
# A larger one takes about half a millisecond or more, so a thread compresses it.
_MANY_BYTES = 32_768
# A third of the time of level 6 for a tenth more bytes.
_LEVEL = 2
_ACCEPTED = re.compile(rb"(?:^|,)\s*(?:x-)?gzip\s*(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))(?:;|,|$)", re.IGNORECASE)


class Compression:
    """Compresses every answer that comes as one piece of at least `MIN_BYTES`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message | None = None

        async def send_compressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message  # its final headers are known together with the body
                return
            if start is not None:
                begun, start = start, None
                if _is_worth_it(begun, message):
                    begun["headers"] = [*begun["headers"], (b"vary", b"accept-encoding")]
                    if _ACCEPTED.search(header(scope, b"accept-encoding")):
                        await _compress(begun, message)
                await send(begun)
            await send(message)

        await self._app(scope, receive, send_compressed)


def _is_worth_it(start: Message, body: Message) -> bool:
    whole = not body.get("more_body", False) and len(body.get("body", b"")) >= MIN_BYTES
    return whole and not any(name == b"content-encoding" for name, _ in start["headers"])


async def _compress(start: Message, message: Message) -> None:
    """Change an answer in place."""
    body: bytes = message["body"]
    if len(body) > _MANY_BYTES:
        packed = await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)
    else:
        packed = gzip.compress(body, _LEVEL, mtime=0)
    message["body"] = packed
    kept = [pair for pair in start["headers"] if pair[0] != b"content-length"]
    start["headers"] = [*kept, (b"content-encoding", b"gzip"), (b"content-length", str(len(packed)).encode())]
