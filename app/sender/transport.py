"""httpx's transport interface over aiohttp, for receivers that may be broken or hostile.

One call is one request: nothing is sent a second time, whatever happens, because an attempt that is recorded once must
have been made once. One deadline covers everything from the look-up of the name to the last byte; of the answer no more
than a cap is read. Redirects, compression, cookies, proxies and netrc are left alone.
"""

import asyncio
import ssl
from collections.abc import Sequence
from functools import lru_cache, partial
from io import BytesIO
from typing import cast

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from app.sender.connection import Answer, Protocol, send_once
from app.sender.exchange import Exchange, current_exchange
from app.sender.failure import deadline_passed, failure
from app.sender.guard import Address, AddressPolicy
from app.sender.pools import PoolKey, Pools
from app.sender.resolver import Resolver
from app.sender.sockets import Sockets

DEFAULT_TIMEOUT_SECONDS = 30.0

# Receivers commonly close an idle connection after 5 s (Node.js, Apache, uvicorn). One that is used right then costs a
# failed attempt, so it is given up before.
_KEEP_IDLE_SECONDS = 4.0

# As most servers have it for requests (Apache, nginx: 8 KiB a line).
_MAX_HEADER_BYTES = 8190
_MAX_HEADERS = 100

# aiohttp writes bytes in one go, but gives way to others between the pieces of a stream.
_BODY_IN_PIECES_BYTES = 256 * 1024

# What aiohttp would add by itself.
_NO_HEADERS_ADDED = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends requests to addresses that `policy` allows, each within its own deadline.

    Read from a request's extensions: `timeout_seconds` (float; 30), `verify_ssl` (bool; True) and `ip_allowlist`
    (networks; empty, which means any public address). Written to the extensions of request and response:
    `remote_address` (str or None), and of the response `truncated` (bool: the body was longer than `max_response_bytes`
    and the connection was closed).

    At most `max_idle_connections` are kept open when nothing is in flight, and at most `max_policies` pools. A name
    that moves is followed within `dns_cache_seconds`. `tls` replaces the system's certificate authorities; `trace` is
    told how requests go; `local_addresses` are what they leave from. All of it belongs to one event loop.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        max_response_bytes: int = 64 * 1024,
        max_idle_connections: int = 256,
        max_policies: int = 64,
        dns_cache_seconds: int = 10,
        local_addresses: Sequence[Address] = (),
        tls: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        trace: aiohttp.TraceConfig | None = None,
    ) -> None:
        self._policy = policy
        self._max_response_bytes = max_response_bytes
        self._dns_cache_seconds = dns_cache_seconds
        self._tls = tls
        self._traces = [] if trace is None else [trace]
        self._resolver = resolver or Resolver()
        self._sockets = Sockets(max_idle=max_idle_connections, local_addresses=local_addresses)
        self._pools = Pools(self._open_session, limit=max_policies)

    @property
    def open_connections(self) -> int:
        """How many sockets are open, in use or kept."""
        return len(self._sockets)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its whole answer, up to the cap.

        Raises:
            httpx.RequestError: there is no whole answer; its text is a sentence for a person (`app.sender.failure`).
        """
        settings = request.extensions
        key = PoolKey(settings.get("verify_ssl", True), settings.get("ip_allowlist", ()))
        target = _target(request.url)
        exchange = self._begin(target, settings.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS))
        token = current_exchange.set(exchange)
        deadline = asyncio.timeout(exchange.timeout_seconds)
        try:
            async with self._pools.lease(key) as session, deadline:
                return await self._exchange(session, request, target, exchange)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Not kept in a variable: an exception in a frame of its own traceback is a cycle, and holds the socket
            # until it is collected.
            raise (deadline_passed(exchange) if deadline.expired() else failure(error, exchange)) from error
        finally:
            current_exchange.reset(token)
            settings["remote_address"] = exchange.remote_address

    async def aclose(self) -> None:
        """Close all connections that are not in use, and the resolver."""
        await self._pools.aclose()
        await self._resolver.close()

    def _begin(self, target: URL, timeout_seconds: float) -> Exchange:
        return Exchange(
            host=target.raw_host or "",
            port=target.port or 0,
            tls=target.scheme == "https",
            timeout_seconds=timeout_seconds,
            may_keep=self._may_keep,
        )

    async def _exchange(
        self, session: aiohttp.ClientSession, request: httpx.Request, target: URL, exchange: Exchange
    ) -> httpx.Response:
        body = await request.aread()
        answer = await session.request(
            request.method,
            target,
            headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
            data=BytesIO(body) if len(body) > _BODY_IN_PIECES_BYTES else body,
            allow_redirects=False,
        )
        try:
            received, truncated = await self._read(answer, exchange)
        finally:
            answer.close()  # a connection whose answer was read to its end has gone back to the pool already
        return httpx.Response(
            answer.status,
            headers=list(answer.raw_headers),
            stream=httpx.ByteStream(received),
            request=request,
            extensions={"truncated": truncated, "remote_address": exchange.remote_address},
        )

    async def _read(self, answer: aiohttp.ClientResponse, exchange: Exchange) -> tuple[bytes, bool]:
        body = bytearray()
        while len(body) <= self._max_response_bytes:
            # One byte past the cap tells a body that just fits from one that does not.
            chunk = await answer.content.read(self._max_response_bytes + 1 - len(body))
            if not chunk:
                return bytes(body), False
            body += chunk
            exchange.body_bytes = len(body)
        return bytes(body[: self._max_response_bytes]), True

    def _may_keep(self) -> bool:
        return not self._sockets.crowded

    def _open_session(self, key: PoolKey) -> aiohttp.ClientSession:
        policy = AddressPolicy(self._policy.allowed_networks, self._policy.allow_loopback, key.allowlist)
        connector = aiohttp.TCPConnector(
            ssl=(self._tls or True) if key.verify_ssl else False,
            resolver=self._resolver,
            ttl_dns_cache=self._dns_cache_seconds,
            keepalive_timeout=_KEEP_IDLE_SECONDS,
            limit=0,  # the sender bounds what is in flight; a queue in here would run against the receiver's deadline
            socket_factory=partial(self._sockets.open, policy),
        )
        # The only way in: aiohttp has no setting for the class of its connections.
        connector._factory = cast("partial[ResponseHandler]", partial(Protocol, loop=asyncio.get_running_loop()))
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(),  # none of its own: the deadline covers all of it
            skip_auto_headers=_NO_HEADERS_ADDED,
            max_line_size=_MAX_HEADER_BYTES,
            max_field_size=_MAX_HEADER_BYTES,
            max_headers=_MAX_HEADERS,
            response_class=Answer,
            middlewares=(send_once,),
            trace_configs=self._traces,
        )


@lru_cache(maxsize=4096)
def _target(url: httpx.URL) -> URL:
    # Credentials in a URL would become an Authorization header that nobody asked for.
    return URL(str(url.copy_with(userinfo=b"", fragment=None)), encoded=True)
