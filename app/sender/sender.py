"""Sends a request and returns its outcome as a value.

Calls the transport directly: `httpx.AsyncClient` and its pool cost several times as much per request, and what they
add, redirects, cookies and authentication, is not wanted here.
"""

import asyncio
import codecs
from time import perf_counter
from types import TracebackType
from typing import Self, cast

import httpx

from app.sender.exchange import Exchange
from app.sender.failure import AddressBlocked, NameUnresolved, ProxyUnavailable, TlsRefused
from app.sender.outcome import Answered, Unreachable
from app.sender.timing import Timing, timing_of
from app.statuses import AttemptOutcome

# An answer's headers are stored with every attempt. Node.js accepts no more than this either.
_MAX_STORED_HEADER_BYTES = 16 * 1024


class Sender:
    """Sends through `transport`, which also caps the bodies; leaving `async with` closes it.

    At most `max_in_flight` requests run at once; the wait for a place is not part of a request's duration or deadline.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, *, max_in_flight: int = 512) -> None:
        self._transport = transport
        self._places = asyncio.Semaphore(max_in_flight)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def send(
        self, request: httpx.Request, *, through: httpx.AsyncBaseTransport | None = None
    ) -> Answered | Unreachable:
        """Send one request through its own transport or another one.

        Raises nothing for failures of a receiver or the network; a cancellation is raised.
        """
        async with self._places:
            started = perf_counter()
            try:
                response = await (through or self._transport).handle_async_request(request)
                body = await _read(response)
            except httpx.RequestError as error:
                outcome = _outcome_of(error)
                exchange: Exchange | None = request.extensions.get("exchange")
                duration_ms = _milliseconds_since(started)
                if exchange is None:
                    return Unreachable(outcome, str(error), duration_ms, None)
                address, again, status = exchange.remote_address, exchange.sent_again, exchange.status
                timing = timing_of(exchange)
                not_asked = isinstance(error, ProxyUnavailable)
                return Unreachable(outcome, str(error), duration_ms, address, again, status, timing, not_asked)
            body_cut: bool = response.extensions.get("truncated", False)
            headers, headers_cut = _kept_headers(response.headers)
            return Answered(
                status=response.status_code,
                headers=headers,
                body=_text(body, cut=body_cut),
                truncated=body_cut or headers_cut,
                duration_ms=_milliseconds_since(started),
                remote_address=response.extensions.get("remote_address"),
                sent_again=response.extensions.get("sent_again", False),
                timing=_timing(request),
            )


def _timing(request: httpx.Request) -> Timing | None:
    exchange: Exchange | None = request.extensions.get("exchange")
    return None if exchange is None else timing_of(exchange)


def _outcome_of(error: httpx.RequestError) -> AttemptOutcome:
    match error:
        case NameUnresolved():
            return AttemptOutcome.DNS_ERROR
        case TlsRefused():
            return AttemptOutcome.TLS_ERROR
        case AddressBlocked():
            return AttemptOutcome.ADDRESS_BLOCKED
        case httpx.TimeoutException():
            return AttemptOutcome.TIMEOUT
        case httpx.NetworkError():
            return AttemptOutcome.CONNECTION_ERROR
        case _:
            return AttemptOutcome.PROTOCOL_ERROR


async def _read(response: httpx.Response) -> bytes:
    """Return the body as it was sent, never decompressed."""
    # A transport's answer has an asynchronous stream; one made by hand, as with httpx.MockTransport, has both kinds.
    stream = cast(httpx.AsyncByteStream, response.stream)
    return b"".join([chunk async for chunk in stream])


def _kept_headers(headers: httpx.Headers) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Return the headers to store, and whether any were dropped; one that is too long leaves room for later ones."""
    kept = []
    room = _MAX_STORED_HEADER_BYTES
    for name, value in headers.raw:
        size = len(name) + len(value)
        if size <= room:
            room -= size
            kept.append((_text(name).lower(), _text(value)))
    return tuple(kept), len(kept) < len(headers.raw)


def _text(received: bytes, *, cut: bool = False) -> str:
    """Decode what a receiver sent; a character that the cap cut in two is left out."""
    decoded = (
        codecs.getincrementaldecoder("utf-8")("replace").decode(received)
        if cut
        else received.decode("utf-8", "replace")
    )
    return decoded.replace("\0", "\ufffd")


def _milliseconds_since(started: float) -> float:
    return (perf_counter() - started) * 1000
