"""The sockets and streams that are open in this process. Each ends soon after its credentials do.

A stream may stay open for days without a request, so nothing else would notice that its key was revoked. The check asks
the database: it does not depend on a bus that may lose messages, and an idle process without streams asks nothing.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import structlog

from app.access.authentication import Authenticator
from app.database.errors import DatabaseError
from app.errors import AccessDenied, Unavailable

log = structlog.get_logger()

# Less than a second, together with `KEPT` of app.access.known_keys.
CHECK_SECONDS = 0.4
# How many credentials are checked at once; more would only wait for connections.
_AT_ONCE = 20

# An API key or a token, and the address it is used from.
Credentials = tuple[str, str | None]


class OpenStreams:
    """The open streams of one process, by their credentials."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._open: dict[Credentials, set[asyncio.Future[AccessDenied]]] = {}
        self._any = asyncio.Event()

    @contextmanager
    def held(self, token: str, source_address: str | None) -> Iterator[asyncio.Future[AccessDenied]]:
        """Wrap a stream: yield a future that receives the reason once the credentials are no longer valid."""
        credentials = (token, source_address)
        denied: asyncio.Future[AccessDenied] = asyncio.get_running_loop().create_future()
        self._open.setdefault(credentials, set()).add(denied)
        self._any.set()
        try:
            yield denied
        finally:
            denied.cancel()
            streams = self._open[credentials]
            streams.discard(denied)
            if not streams:
                del self._open[credentials]
            if not self._open:
                self._any.clear()

    async def opened(self) -> None:
        """Wait until any stream is open."""
        await self._any.wait()

    async def check(self) -> None:
        """End the streams that use revoked or expired credentials; periodic."""
        credentials = list(self._open)
        for first in range(0, len(credentials), _AT_ONCE):
            await self._check_some(credentials[first : first + _AT_ONCE])

    async def _check_some(self, some: Sequence[Credentials]) -> None:
        checks = (self._authenticator.authenticate(*credentials) for credentials in some)
        answers = await asyncio.gather(*checks, return_exceptions=True)
        for credentials, answer in zip(some, answers, strict=True):
            if isinstance(answer, AccessDenied):
                for denied in self._open.get(credentials, ()):
                    if not denied.done():
                        denied.set_result(answer)
            elif isinstance(answer, (DatabaseError, Unavailable)):
                pass  # Checked again in a moment, and before anything is sent.
            elif isinstance(answer, BaseException):
                log.error("credentials.not_checked", error=repr(answer))
