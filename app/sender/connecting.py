"""Connects to a receiver: name, guard, TCP, TLS, each noted in the exchange once it is done."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter

from aiohappyeyeballs import AddrInfoType

from app.sender.connection import Connection, DeadlinePassed
from app.sender.dialing import Dialer, NotConnected
from app.sender.exchange import Exchange
from app.sender.guard import AddressPolicy
from app.sender.resolver import Resolver, literal_address


class NotResolved(Exception):
    """The host's name has no address, or no server could tell."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error


class NotSecured(Exception):
    """The TLS handshake failed, or the certificate is not trusted."""

    def __init__(self, error: ssl.SSLError) -> None:
        super().__init__()
        self.error = error


class Connector:
    """Opens connections. `tls` replaces the system's certificate authorities for verified connections."""

    def __init__(self, resolver: Resolver, dialer: Dialer, tls: ssl.SSLContext | None) -> None:
        self._resolver = resolver
        self._dialer = dialer
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
            DeadlinePassed, NotResolved, NotConnected, NotTunneled, ProxyFailed, NotSecured: there is no connection.
        """
        limit = asyncio.timeout_at(deadline)
        try:
            async with limit:
                addresses = await self._addresses(exchange)
                opened = await self._dialer.dial(exchange, policy, addresses)
                exchange.connected = perf_counter()
                return await self._secure(exchange, opened, verify_ssl, lost)
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlinePassed from None

    async def _addresses(self, exchange: Exchange) -> Sequence[AddrInfoType]:
        if literal := literal_address(exchange.host, exchange.port):
            return [literal]
        exchange.resolving = perf_counter()
        try:
            found = await self._resolver.resolve(exchange.host, exchange.port)
        except OSError as error:
            raise NotResolved(error) from error
        exchange.resolved = perf_counter()
        exchange.addresses = tuple(str(info[4][0]) for info in found)
        return found

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
        if exchange.proxy is None:
            exchange.remote_address = connection.address or exchange.remote_address
        else:
            connection.address = exchange.remote_address  # What it is connected to itself is the proxy.
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
