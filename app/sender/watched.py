"""Sends one request on a connection of its own, and notes how each step of it went: for a person who wants to know
where it breaks.

It goes the way of every other request, through the same transport, resolver and guard; aiohttp's traces, the resolver
and the TLS object are where the notes are taken. Nothing is kept: neither the connection nor what a name resolved to.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult

from app.sender.exchange import Exchange, current_exchange
from app.sender.guard import Address, AddressPolicy
from app.sender.outcome import Answered, Unreachable
from app.sender.resolver import Resolver
from app.sender.sender import Sender
from app.sender.transport import AiohttpTransport


@dataclass(slots=True)
class Timeline:
    """When each step of a request was done, in seconds of `perf_counter`; None where it did not come so far.

    `addresses` are what the host's name resolved to; None for a host that is an address. `certificate` (DER) is known
    once the handshake is done.
    """

    started: float = field(default_factory=perf_counter)
    resolving: float | None = None
    resolved: float | None = None
    addresses: tuple[str, ...] | None = None
    connected: float | None = None
    secured: float | None = None
    tls_version: str | None = None
    certificate: bytes | None = None
    sent: float | None = None
    ended: float = 0.0
    exchange: Exchange | None = None


async def send_watched(
    sender: Sender,
    request: httpx.Request,
    policy: AddressPolicy,
    *,
    max_response_bytes: int,
    local_addresses: Sequence[Address],
    resolver: AbstractResolver | None = None,
) -> tuple[Answered | Unreachable, Timeline]:
    """Send a request, once, when `sender` has a place for it; its settings are those that `build_request` takes."""
    timeline = Timeline()
    verify = request.extensions["verify_ssl"]
    # The context below does not verify where it is not to; asked not to verify, aiohttp would take one of its own.
    request.extensions["verify_ssl"] = True
    transport = AiohttpTransport(
        policy,
        max_response_bytes=max_response_bytes,
        max_idle_connections=0,
        dns_cache_seconds=0,
        local_addresses=local_addresses,
        tls=await asyncio.to_thread(_context, timeline, verify=verify),  # it reads files
        resolver=_Resolver(resolver or Resolver(), timeline),
        trace=_trace(timeline),
    )
    async with transport:
        answer = await sender.send(request, through=transport)
    timeline.ended = perf_counter()
    return answer, timeline


class _Resolver(AbstractResolver):
    """Notes what another resolver is asked and answers."""

    def __init__(self, asked: AbstractResolver, timeline: Timeline) -> None:
        self._asked = asked
        self._timeline = timeline

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self._timeline.resolving = perf_counter()
        found = await self._asked.resolve(host, port, family)
        self._timeline.resolved = perf_counter()
        self._timeline.addresses = tuple(address["host"] for address in found)
        return found

    async def close(self) -> None:
        await self._asked.close()


def _context(timeline: Timeline, *, verify: bool) -> ssl.SSLContext:
    """The same that aiohttp would make, but noting the handshake."""

    class Handshake(ssl.SSLObject):
        def do_handshake(self) -> None:
            timeline.connected = timeline.connected or perf_counter()  # called again for every piece that arrives
            super().do_handshake()
            timeline.secured = perf_counter()
            timeline.tls_version = self.version()
            timeline.certificate = self.getpeercert(binary_form=True)

    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    context.sslobject_class = Handshake
    return context


def _trace(timeline: Timeline) -> aiohttp.TraceConfig:
    trace = aiohttp.TraceConfig()

    async def begun(*_: Any) -> None:
        timeline.started = perf_counter()
        timeline.exchange = current_exchange.get()

    async def connected(*_: Any) -> None:
        timeline.connected = timeline.connected or perf_counter()

    async def sent(*_: Any) -> None:
        timeline.sent = perf_counter()

    trace.on_request_start.append(begun)
    trace.on_connection_create_end.append(connected)
    trace.on_request_chunk_sent.append(sent)
    return trace
