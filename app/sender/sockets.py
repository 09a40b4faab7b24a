"""Opens the sockets of all connection pools: the one place where an address is judged, right before it is connected to.

Also counts the open ones, because aiohttp bounds the connections in use but not those it keeps for later.
"""

import errno
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from weakref import WeakSet

from aiohappyeyeballs import AddrInfoType

from app.sender.exchange import current_exchange
from app.sender.guard import Address, AddressPolicy


class _Blocked(OSError):
    """The guard refused an address. An OSError, so that aiohttp goes on to the name's other addresses."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(errno.EACCES, f"{address} is blocked: it is {reason}")


class Sockets:
    """Opens sockets, and says when there are too many to keep idle ones.

    `local_addresses` are the addresses that requests leave from, the first of each family; none means whichever the
    system picks. Where some are given, a destination of a family that is not among them is not connected to: it would
    be seen to come from elsewhere.
    """

    def __init__(self, *, max_idle: int, local_addresses: Sequence[Address] = ()) -> None:
        self._max_idle = max_idle
        self._local_hosts: dict[int, str] = {}
        for address in local_addresses:
            self._local_hosts.setdefault(_family(address), str(address))
        self._open: WeakSet[socket.socket] = WeakSet()

    def __len__(self) -> int:
        """Return how many are open, in use or idle."""
        # A closed one may still be referred to by an exception that nobody has collected yet.
        return sum(opened.fileno() >= 0 for opened in self._open)

    @property
    def crowded(self) -> bool:
        """A connection that is done had better be closed than kept."""
        return len(self._open) > self._max_idle and len(self) > self._max_idle

    def open(self, policy: AddressPolicy, target: AddrInfoType) -> socket.socket:
        """Open a socket for one resolved address, not connected yet.

        Raises:
            OSError: the policy blocks the address, no local address can reach it, or too many files are open.
        """
        family, kind, protocol, _, destination = target
        self._judge(policy, str(destination[0]))
        opened = socket.socket(family, kind, protocol)
        try:
            self._bind(opened)
        except OSError:
            opened.close()
            raise
        self._open.add(opened)
        return opened

    def _judge(self, policy: AddressPolicy, host: str) -> None:
        try:
            reason = policy.reason_blocked(ip_address(host))
        except ValueError:
            reason = "not written as an address"
        exchange = current_exchange.get()
        if reason is not None:
            exchange.blocked[host] = reason
            raise _Blocked(host, reason)
        exchange.tried[host] = None
        exchange.remote_address = host

    def _bind(self, opened: socket.socket) -> None:
        if not self._local_hosts:
            return
        local_host = self._local_hosts.get(opened.family)
        if local_host is None:
            raise OSError(errno.EADDRNOTAVAIL, "no local address of the same family")
        opened.bind((local_host, 0))


def _family(address: Address) -> socket.AddressFamily:
    return socket.AF_INET if address.version == 4 else socket.AF_INET6
