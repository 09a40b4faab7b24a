"""httpx's transport interface over connections of this project, for receivers that may be broken or hostile.

One call is one request. It is sent a second time in one case only, and reported as such: on a new connection, if a kept
one ended before any byte of an answer. One deadline covers everything from the look-up of the name to the last byte; at
most a cap of the answer is read. The transport does not handle redirects, compression, cookies or netrc.
"""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import httpx

from app.sender.answer import Received
from app.sender.connecting import Connector
from app.sender.connection import Connection, ConnectionLost
from app.sender.destination import Destination, destination_of
from app.sender.dialing import Direct
from app.sender.exchange import Exchange
from app.sender.failure import EXPECTED, failure
from app.sender.guard import Address, AddressPolicy, Network
from app.sender.pool import Pool, PoolKey
from app.sender.proxy import Proxy, ThroughProxy
from app.sender.request import ReadyRequest
from app.sender.resolver import RememberingResolver, Resolver, SystemResolver
from app.sender.sockets import Sockets

DEFAULT_TIMEOUT_SECONDS = 30.0


class Transport(httpx.AsyncBaseTransport):
    """Sends requests to addresses that `policy` allows, each within its own deadline.

    Read from a request's extensions: `destination` (where its URL leads, if already known), `timeout_seconds` (float;
    30), `verify_ssl` (bool; True) and `ip_allowlist` (networks; empty, which means any public address). Written to the
    extensions of the request: `exchange` (`Exchange`), and of the response: `remote_address` (str or None), `truncated`
    (bool: the body was longer than `max_response_bytes` and the connection was closed) and `sent_again` (bool: a kept
    connection ended without an answer).

    When nothing is in flight, at most `max_idle_connections` are kept open. A change of a name's address is noticed
    within `dns_cache_seconds`. `tls` replaces the system's certificate authorities; requests leave from
    `local_addresses`, or from a `proxy`'s. All of it belongs to one event loop.
    """

    def __init__(
        self,
        policy: AddressPolicy,
        *,
        max_response_bytes: int = 64 * 1024,
        max_idle_connections: int = 256,
        dns_cache_seconds: float = 10,
        local_addresses: Sequence[Address] = (),
        proxy: Proxy | None = None,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._max_response_bytes = max_response_bytes
        self._resolver = RememberingResolver(resolver or SystemResolver(), seconds=dns_cache_seconds)
        dialer = Direct(Sockets(local_addresses)) if proxy is None else ThroughProxy(proxy, self._resolver)
        self._connector = Connector(self._resolver, dialer, tls)
        self._pool = Pool(max_idle=max_idle_connections)

        @lru_cache(maxsize=1024)
        def narrowed(allowlist: tuple[Network, ...]) -> AddressPolicy:
            return replace(policy, allowlist=allowlist)

        self._narrowed = narrowed

    @property
    def open_connections(self) -> int:
        """How many connections are open, in use or kept."""
        return len(self._pool)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its whole answer, up to the cap.

        Raises:
            httpx.RequestError: there is no complete answer; its text is a sentence for a person (`app.sender.failure`).
        """
        settings = request.extensions
        place: Destination = settings.get("destination") or destination_of(str(request.url))
        timeout_seconds: float = settings.get("timeout_seconds", DEFAULT_TIMEOUT_SECONDS)
        exchange = settings["exchange"] = Exchange(place.host, place.port, place.tls, timeout_seconds)
        key = PoolKey(
            place.tls, place.host, place.port, settings.get("verify_ssl", True), settings.get("ip_allowlist", ())
        )
        try:
            received = await self._exchange(key, _head(request, place), await request.aread(), exchange)
        except EXPECTED as error:
            # Not kept in a variable: an exception in a frame of its own traceback is a cycle, and holds the connection
            # until it is collected.
            raise failure(error, exchange) from error
        return httpx.Response(
            received.status,
            headers=received.headers,
            stream=httpx.ByteStream(received.body),
            request=request,
            extensions={
                "truncated": received.truncated,
                "remote_address": exchange.remote_address,
                "sent_again": exchange.sent_again,
            },
        )

    async def aclose(self) -> None:
        """Close all connections that are not in use, and the resolver."""
        self._pool.close()
        await self._resolver.close()

    async def _exchange(self, key: PoolKey, head: bytes, body: bytes, exchange: Exchange) -> Received:
        deadline = asyncio.get_running_loop().time() + exchange.timeout_seconds
        connection = self._pool.take(key)
        if connection is not None:
            exchange.kept_connection, exchange.remote_address = True, connection.address
            try:
                return await self._exchange_over(connection, key, head, body, exchange, deadline)
            except ConnectionLost:
                if exchange.heard:
                    raise
            # Receivers close idle connections, and some do so while a request is on its way.
            exchange.kept_connection, exchange.sent_again = False, True
        connection = await self._connect(key, exchange, deadline)
        return await self._exchange_over(connection, key, head, body, exchange, deadline)

    async def _exchange_over(
        self, connection: Connection, key: PoolKey, head: bytes, body: bytes, exchange: Exchange, deadline: float
    ) -> Received:
        try:
            return await connection.exchange(head, body, exchange, deadline=deadline, cap=self._max_response_bytes)
        finally:
            self._pool.give_back(key, connection)

    async def _connect(self, key: PoolKey, exchange: Exchange, deadline: float) -> Connection:
        connection = await self._connector.connect(
            exchange,
            self._narrowed(key.allowlist),
            verify_ssl=key.verify_ssl,
            deadline=deadline,
            lost=self._pool.lost,
        )
        self._pool.add(connection)
        return connection


def _head(request: httpx.Request, place: Destination) -> bytes:
    """The request line and the headers, as given.

    Raises:
        httpx.UnsupportedProtocol: the URL is not the address of a web server.
        httpx.LocalProtocolError: a character would end a line or the request.
    """
    if place.scheme not in {"http", "https"} or not place.host:
        raise httpx.UnsupportedProtocol("The URL begins with neither http:// nor https://, or names no host.")
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), place.target)]
    raw_headers = request.raw_headers if isinstance(request, ReadyRequest) else request.headers.raw
    lines += [b"%b: %b" % header for header in raw_headers]
    head = b"\r\n".join(lines)
    if head.count(b"\n") != len(lines) - 1 or head.count(b"\r") != len(lines) - 1 or b"\0" in head:
        raise httpx.LocalProtocolError(
            "The request cannot be written as HTTP: a header or the URL holds characters that are not allowed."
        )
    return head + b"\r\n\r\n"
