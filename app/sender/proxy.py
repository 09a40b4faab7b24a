"""Connects to receivers through a forward proxy, by CONNECT (RFC 9110, section 9.3.6).

The guard judges as without a proxy: this server resolves the receiver's name, and the proxy gets the judged address,
never the name, which it could resolve differently. TLS and the Host header are the receiver's, end to end. Plain http
goes through a tunnel as well, because a proxy that gets a URL replaces the Host header by the URL's host.

The operator's proxy is trusted, so its own address is not judged. A fault of the proxy is not a failure of a receiver
(`ProxyFailed`), except that the proxy cannot or may not reach that address (`NotTunneled`).
"""

import asyncio
import os
import re
import socket
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import structlog
from aiohappyeyeballs import AddrInfoType, start_connection

from app.sender.dialing import NEXT_ADDRESS_SECONDS, NotConnected
from app.sender.exchange import Exchange
from app.sender.guard import AddressPolicy
from app.sender.resolver import Resolver, literal_address
from app.sender.sockets import Blocked, judge

log = structlog.get_logger()

# A proxy is near; a receiver's deadline may be a minute away.
_REACH_SECONDS = 3.0
_MAX_HEAD_BYTES = 16 * 1024
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?![0-9])")
_END = b"\r\n\r\n"
# Answers of a proxy about the receiver's address rather than itself: not allowed, not reachable, or silent.
_ABOUT_THE_RECEIVER = frozenset({403, 500, 502, 503, 504})


class ProxyFailed(Exception):
    """The proxy does not work, whatever the receiver; `fault` ends a sentence that begins with its name."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class NotTunneled(Exception):
    """The proxy answered with this status that it does not connect to the receiver."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy's address, and the credentials sent to it."""

    host: str
    port: int
    authorization: bytes | None = field(default=None, repr=False)

    @classmethod
    def at(cls, url: str) -> "Proxy":
        """The proxy of a URL such as http://user:password@proxy.internal:3128."""
        parts = urlsplit(url)
        login = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        authorization = b"Basic " + b64encode(login) if "@" in parts.netloc else None
        return cls(parts.hostname or "", parts.port or 80, authorization)


class ThroughProxy:
    """Opens the connections of a transport through a proxy, with a name that `resolver` resolves."""

    def __init__(self, proxy: Proxy, resolver: Resolver) -> None:
        self._proxy = proxy
        self._resolver = resolver
        self._is_failing = False

    async def dial(self, exchange: Exchange, policy: AddressPolicy, addresses: Sequence[AddrInfoType]) -> socket.socket:
        """Open a tunnel to the first of a receiver's addresses that the policy allows and the proxy reaches.

        Raises:
            NotConnected: the policy allows none.
            NotTunneled: the proxy reaches none.
            ProxyFailed: the proxy is away, refuses this server, or does not speak HTTP.
        """
        exchange.proxy = "away"
        failure: NotConnected | NotTunneled = NotConnected(OSError("no address"))
        for *_, destination in addresses:
            try:
                opened = await self._tunnel(exchange, policy, str(destination[0]), int(destination[1]))
            except Blocked as error:
                failure = failure if isinstance(failure, NotTunneled) else NotConnected(error)
            except NotTunneled as error:
                failure = error
            except ProxyFailed as error:
                self._note(error.fault)
                raise
            else:
                self._note(None)
                return opened
        raise failure

    async def _tunnel(self, exchange: Exchange, policy: AddressPolicy, host: str, port: int) -> socket.socket:
        judge(policy, exchange, host, port)
        opened = await self._reach()
        exchange.proxy = "reached"
        try:
            status = await self._ask(opened, f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        except BaseException:
            opened.close()
            raise
        if 200 <= status < 300:
            return opened
        opened.close()
        if status in _ABOUT_THE_RECEIVER:
            raise NotTunneled(status)
        if status == 407:
            raise ProxyFailed("refuses this server's credentials (407 Proxy Authentication Required)")
        raise ProxyFailed(f"answers CONNECT with {status}")

    async def _reach(self) -> socket.socket:
        proxy = self._proxy
        try:
            async with asyncio.timeout(_REACH_SECONDS):
                known = literal_address(proxy.host, proxy.port)
                addresses = [known] if known else await self._resolver.resolve(proxy.host, proxy.port)
                opened = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_SECONDS)
        except TimeoutError:
            raise ProxyFailed(f"cannot be connected to within {_REACH_SECONDS:g} s") from None
        except socket.gaierror:
            raise ProxyFailed("has a name that does not resolve") from None
        except (OSError, RuntimeError) as error:  # uvloop raises RuntimeError for some socket errors
            number = error.errno if isinstance(error, OSError) else None
            reason = os.strerror(number).lower() if number else "the connection failed"
            raise ProxyFailed(f"cannot be connected to: {reason}") from None
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    async def _ask(self, opened: socket.socket, authority: str) -> int:
        """Ask for a tunnel, and return the status of the answer."""
        lines = [b"CONNECT %b HTTP/1.1" % authority.encode(), b"Host: %b" % authority.encode()]
        if self._proxy.authorization is not None:
            lines.append(b"Proxy-Authorization: " + self._proxy.authorization)
        loop = asyncio.get_running_loop()
        answer = b""
        try:
            await loop.sock_sendall(opened, b"\r\n".join(lines) + _END)
            while _END not in answer and len(answer) < _MAX_HEAD_BYTES:
                came = await loop.sock_recv(opened, 4096)
                if not came:
                    break
                answer += came
        except OSError:
            raise ProxyFailed("ended the connection without an answer") from None
        status = _STATUS_LINE.match(answer)
        if status is None or _END not in answer:
            raise ProxyFailed("ended the connection without an answer" if not answer else "does not answer in HTTP")
        if status[1].startswith(b"2") and answer.index(_END) + len(_END) < len(answer):
            raise ProxyFailed("sends bytes that nobody asked for")  # The receiver's first bytes follow the request.
        return int(status[1])

    def _note(self, fault: str | None) -> None:
        """Log once when the proxy begins to fail, and once when it works again, instead of for each of thousands of
        deliveries.
        """
        if (fault is not None) == self._is_failing:
            return
        self._is_failing = fault is not None
        where = f"{self._proxy.host}:{self._proxy.port}"
        if fault is not None:
            log.warning("egress_proxy.failed", proxy=where, reason=f"It {fault}.")
        else:
            log.info("egress_proxy.recovered", proxy=where)
