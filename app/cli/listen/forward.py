"""Passes verified requests on to a local application."""

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import httpx

from app.cli.listen.requests import Request

TIMEOUT_SECONDS = 60.0
# Of this connection, not of the message (RFC 9110, 7.6.1); httpx writes its own.
_HOP_BY_HOP = frozenset(
    {
        *("connection", "content-length", "host", "keep-alive", "proxy-connection"),
        *("te", "trailer", "transfer-encoding", "upgrade"),
    }
)
_UNREACHABLE = 502


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What the application answered: the status, 502 if it did not answer; the body; and a sentence for people."""

    status: int
    body: str
    said: str


class Forwarder:
    """Sends requests to one URL as they came, without their hop-by-hop headers. Use it in `async with`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def pass_on(self, request: Request) -> Forwarded:
        """Send a request to the application; its failure is an answer too."""
        headers = {name: value for name, value in request.headers.items() if name not in _HOP_BY_HOP}
        began = time.monotonic()
        try:
            response = await self._client.request(request.method, self._url, content=request.body, headers=headers)
        except httpx.HTTPError as error:
            reason = str(error) or type(error).__name__
            return Forwarded(_UNREACHABLE, f"{reason}\n", f"no answer ({reason})")
        milliseconds = round((time.monotonic() - began) * 1000)
        return Forwarded(response.status_code, response.text, f"{response.status_code} after {milliseconds} ms")
