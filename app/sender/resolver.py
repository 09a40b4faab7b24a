"""Resolves names in its own threads, and caches the results for some seconds.

The event loop's default threads (uvloop: the four of libuv) are shared with everything else, so a few names with
unresponsive servers would hold up every other look-up and all other work there. This module judges nothing: the guard
checks each address when it is connected to.
"""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from itertools import islice
from typing import Protocol

from aiohappyeyeballs import AddrInfoType

# Otherwise a name with a hundred addresses would make this server try them all, for every request.
_ADDRESSES_PER_FAMILY = 2
_MAX_REMEMBERED = 4096


def literal_address(host: str, port: int) -> AddrInfoType | None:
    """The address to connect to if a host is a literal address; like a name, it may end with a dot."""
    host = host.removesuffix(".")
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))
    return (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0))


class Resolver(Protocol):
    """Finds the addresses of names."""

    async def resolve(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Return the addresses to connect to, in the form of `socket.getaddrinfo`.

        Raises:
            OSError: the name does not resolve (socket.gaierror).
        """

    async def close(self) -> None:
        """Drop pending look-ups."""


class SystemResolver:
    """Asks the system; at most `threads` look-ups run at once."""

    def __init__(self, *, threads: int = 32) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def resolve(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Return up to two IPv4 and two IPv6 addresses of a name, in the system's order (RFC 6724).

        Raises:
            OSError: the name does not resolve (socket.gaierror).
        """
        # As bytes, because Python would run a str through its own IDNA codec, which raises UnicodeError for a name that
        # merely does not exist.
        look_up = partial(socket.getaddrinfo, host.encode(), port, 0, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            entry
            for wanted in dict.fromkeys(entry[0] for entry in found)
            for entry in islice((entry for entry in found if entry[0] == wanted), _ADDRESSES_PER_FAMILY)
        ]

    async def close(self) -> None:
        """Drop look-ups that wait for a thread. A running one ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class RememberingResolver:
    """Asks another resolver once for all that need the same name at the same time or within `seconds` after it."""

    def __init__(self, asked: Resolver, *, seconds: float) -> None:
        self._asked = asked
        self._seconds = seconds
        self._remembered: dict[tuple[str, int], tuple[float, Sequence[AddrInfoType]]] = {}
        self._asking: dict[tuple[str, int], asyncio.Task[Sequence[AddrInfoType]]] = {}

    async def resolve(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Return the other resolver's answer, or its recent one.

        Raises:
            OSError: the name does not resolve (socket.gaierror); that is not cached.
        """
        now = asyncio.get_running_loop().time()
        until, found = self._remembered.get((host, port), (0.0, ()))
        if now < until:
            return found
        asking = self._asking.get((host, port))
        if asking is None:
            asking = self._asking[host, port] = asyncio.create_task(self._ask(host, port))
            asking.add_done_callback(_seen)
        return await asyncio.shield(asking)

    async def close(self) -> None:
        """End pending look-ups."""
        for asking in self._asking.values():
            asking.cancel()
        await self._asked.close()

    async def _ask(self, host: str, port: int) -> Sequence[AddrInfoType]:
        try:
            found = await self._asked.resolve(host, port)
        finally:
            del self._asking[host, port]
        if len(self._remembered) >= _MAX_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        self._remembered[host, port] = (asyncio.get_running_loop().time() + self._seconds, found)
        return found


def _seen(asking: "asyncio.Task[Sequence[AddrInfoType]]") -> None:
    """Retrieve a failure's exception, because the caller may be gone."""
    if not asking.cancelled():
        asking.exception()
