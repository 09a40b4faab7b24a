"""Sends one request on a new connection and reports how each step of it went, for a person who looks for the broken
step.

It takes the path of every other request, through the same resolver and guard. Nothing is kept: neither the connection
nor the resolved addresses.
"""

from collections.abc import Sequence
from time import perf_counter

import httpx

from app.sender.exchange import Exchange
from app.sender.guard import Address, AddressPolicy
from app.sender.outcome import Answered, Unreachable
from app.sender.proxy import Proxy
from app.sender.resolver import Resolver
from app.sender.sender import Sender
from app.sender.transport import Transport


async def send_watched(
    sender: Sender,
    request: httpx.Request,
    policy: AddressPolicy,
    *,
    max_response_bytes: int,
    local_addresses: Sequence[Address],
    proxy: Proxy | None = None,
    resolver: Resolver | None = None,
) -> tuple[Answered | Unreachable, Exchange]:
    """Send a request, once, when `sender` has a place for it; its settings are those that `build_request` takes."""
    transport = Transport(
        policy,
        max_response_bytes=max_response_bytes,
        max_idle_connections=0,
        dns_cache_seconds=0,
        local_addresses=local_addresses,
        proxy=proxy,
        resolver=resolver,
    )
    async with transport:
        answer = await sender.send(request, through=transport)
    exchange: Exchange = request.extensions["exchange"]
    exchange.ended = perf_counter()
    return answer, exchange
