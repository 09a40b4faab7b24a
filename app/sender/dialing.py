"""Opens TCP connections to the addresses of a receiver: straight to them, or through a proxy (`app.sender.proxy`)."""

import socket
from collections.abc import Sequence
from functools import partial
from typing import Protocol

from aiohappyeyeballs import AddrInfoType, start_connection

from app.sender.exchange import Exchange
from app.sender.guard import AddressPolicy
from app.sender.sockets import Sockets

# When to try a name's next address while the last one has not answered (RFC 8305, section 8).
NEXT_ADDRESS_SECONDS = 0.25


class NotConnected(Exception):
    """There is no TCP connection, or it ended in the TLS handshake."""

    def __init__(self, error: OSError | RuntimeError) -> None:
        super().__init__()
        self.error = error


class Dialer(Protocol):
    """Makes the connections of a transport."""

    async def dial(self, exchange: Exchange, policy: AddressPolicy, addresses: Sequence[AddrInfoType]) -> socket.socket:
        """Connect to one of a receiver's addresses that the policy allows, and note it in the exchange.

        Raises:
            NotConnected, NotTunneled, ProxyFailed: there is no connection.
        """


class Direct:
    """Connects to receivers themselves."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    async def dial(self, exchange: Exchange, policy: AddressPolicy, addresses: Sequence[AddrInfoType]) -> socket.socket:
        """As of `Dialer`. A second address is tried beside the first if that takes long.

        Raises:
            NotConnected: there is no connection.
        """
        try:
            return await start_connection(
                addresses,
                happy_eyeballs_delay=NEXT_ADDRESS_SECONDS,
                socket_factory=partial(self._sockets.open, policy, exchange),
            )
        except (OSError, RuntimeError) as error:  # uvloop raises RuntimeError for some socket errors
            raise NotConnected(error) from error
