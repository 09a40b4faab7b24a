"""Opens sockets: the one place that judges an address, right before connecting to it."""

import errno
import socket
from collections.abc import Sequence
from ipaddress import ip_address

from aiohappyeyeballs import AddrInfoType

from app.sender.exchange import Exchange
from app.sender.guard import Address, AddressPolicy


class Blocked(OSError):
    """The guard refused an address. An OSError, so that the name's other addresses are tried."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.EACCES, reason)


class Sockets:
    """Opens sockets that leave from `local_addresses`, the first of each family; if there are none, the system picks
    one.

    If some are given, a destination of another family is not connected to, because it would see another source address.
    """

    def __init__(self, local_addresses: Sequence[Address] = ()) -> None:
        self._local_hosts: dict[int, str] = {}
        for address in local_addresses:
            self._local_hosts.setdefault(_family(address), str(address))

    def open(self, policy: AddressPolicy, exchange: Exchange, target: AddrInfoType) -> socket.socket:
        """Open a socket for one resolved address, without connecting it.

        Raises:
            OSError: the policy blocks the address, no local address can reach it, or too many files are open.
        """
        family, kind, protocol, _, destination = target
        judge(policy, exchange, str(destination[0]), int(destination[1]))
        opened = socket.socket(family, kind, protocol)
        try:
            self._bind(opened)
        except OSError:
            opened.close()
            raise
        return opened

    def _bind(self, opened: socket.socket) -> None:
        opened.setblocking(False)
        # A request is sent as a whole, so there is nothing to wait for (Nagle's algorithm).
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if not self._local_hosts:
            return
        local_host = self._local_hosts.get(opened.family)
        if local_host is None:
            raise OSError(errno.EADDRNOTAVAIL, "no local address of the same family")
        opened.bind((local_host, 0))


def judge(policy: AddressPolicy, exchange: Exchange, host: str, port: int) -> None:
    """Let an address and a port through, or note in the exchange why not.

    Raises:
        Blocked: the policy refuses one of them.
    """
    if (reason := policy.reason_port_blocked(port)) is not None:
        exchange.port_blocked = reason
        raise Blocked(f"port {port} is blocked: {reason}")
    try:
        reason = policy.reason_blocked(ip_address(host))
    except ValueError:
        reason = "not written as an address"
    if reason is not None:
        exchange.blocked[host] = reason
        raise Blocked(f"{host} is blocked: it is {reason}")
    exchange.tried[host] = None
    exchange.remote_address = host


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6
