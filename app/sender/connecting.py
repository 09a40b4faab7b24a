"""Connects to a receiver: name, guard, TCP, TLS, each noted in the exchange once it is done."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from time import perf_counter

from aiohappyeyeballs import AddrInfoType, start_connection

from app.sender.connection import Connection, DeadlinePassed
from app.sender.exchange import Exchange
from app.sender.guard import AddressPolicy
from app.sender.resolver import Resolver
from app.sender.sockets import Sockets

# When to try a name's next address while the last one has not answered (RFC 8305, section 8).
_NEXT_ADDRESS_SECONDS = 0.25


class NotResolved(Exception):
    """The host's name has no address, or no server could tell."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


class NotConnected(Exception):
    """There is no TCP connection, or it ended in the TLS handshake."""

    def __init__(self, error: OSError | RuntimeError) -> None:
        super().__init__()
        self.error = error


class NotSecured(Exception):
    """The TLS handshake failed, or the certificate is not trusted."""

    def __init__(self, error: ssl.SSLError) -> None:
        super().__init__()
        self.error = error


class Connector:
    """Opens connections. `tls` replaces the system's certificate authorities for verified connections."""

    def __init__(self, resolver: Resolver, sockets: Sockets, tls: ssl.SSLContext | None) -> None:
        self._resolver = resolver
        self._sockets = sockets
        self._contexts = {} if tls is None else {True: tls}

    async def connect(
        self,
        exchange: Exchange,
        policy: AddressPolicy,
        *,
        verify_ssl: bool,
        deadline: float,
        lost: Callable[[Connection], object],
    ) -> Connection:
        """Connect to the exchange's host; `deadline` is in the loop's time.

        Raises:
            DeadlinePassed, NotResolved, NotConnected, NotSecured: there is no connection.
        """
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                addresses = await self._addresses(exchange)
                opened = await self._dial(exchange, policy, addresses)
                return await self._secure(exchange, opened, verify_ssl, lost)
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlinePassed from None

    async def _addresses(self, exchange: Exchange) -> Sequence[AddrInfoType]:
        if literal := _literal(exchange.host, exchange.port):
            return [literal]
        exchange.resolving = perf_counter()
        try:
            found = await self._resolver.resolve(exchange.host, exchange.port)
        except OSError as error:
            raise NotResolved(error) from error
        exchange.resolved = perf_counter()
        exchange.addresses = tuple(str(info[4][0]) for info in found)
        return found

    async def _dial(
        self, exchange: Exchange, policy: AddressPolicy, addresses: Sequence[AddrInfoType]
    ) -> socket.socket:
        try:
            opened = await start_connection(
                addresses,
                happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                socket_factory=partial(self._sockets.open, policy, exchange),
            )
        except (OSError, RuntimeError) as error:  # uvloop raises RuntimeError for some socket errors
            raise NotConnected(error) from error
        exchange.connected = perf_counter()
        return opened

    async def _secure(
        self, exchange: Exchange, opened: socket.socket, verify_ssl: bool, lost: Callable[[Connection], object]
    ) -> Connection:
        try:
            transport, connection = await asyncio.get_running_loop().create_connection(
                partial(Connection, lost),
                sock=opened,
                ssl=await self._context(verify_ssl) if exchange.tls else None,
                # A name may end with a dot, but a certificate's name does not.
                server_hostname=exchange.host.rstrip(".") if exchange.tls else None,
            )
        except BaseException as error:
            opened.close()
            match error:
                case ssl.SSLError():
                    raise NotSecured(error) from error
                case OSError():
                    raise NotConnected(error) from error
            raise
        if exchange.tls:
            exchange.secured = perf_counter()
            tls = transport.get_extra_info("ssl_object")
            exchange.tls_version, exchange.certificate = tls.version(), tls.getpeercert(binary_form=True)
        exchange.remote_address = connection.address or exchange.remote_address
        return connection

    async def _context(self, verify_ssl: bool) -> ssl.SSLContext:
        if verify_ssl not in self._contexts:
            self._contexts[verify_ssl] = await asyncio.to_thread(_tls_context, verify_ssl)  # it reads files
        return self._contexts[verify_ssl]


def _tls_context(verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _literal(host: str, port: int) -> AddrInfoType | None:
    """The address to connect to if a host is a literal address; like a name, it may end with a dot."""
    host = host.removesuffix(".")
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))
    return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0))
