"""Resolves names in threads of its own.

aiohttp's own resolver shares the event loop's default threads (uvloop: the four of libuv) with everybody else, so a few
names whose servers do not answer would hold up every other look-up and whatever else runs there. Judges nothing: the
guard sees each address when it is connected to.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice

from aiohttp.abc import AbstractResolver, ResolveResult

# aiohttp connects again to all the remaining addresses after each one that fails, n * (n + 1) / 2 connections in the
# worst case; a name with a hundred addresses would make this server knock at them five thousand times.
_ADDRESSES_PER_FAMILY = 2


class Resolver(AbstractResolver):
    """Asks the system's resolver; at most `threads` look-ups run at once, one for each name."""

    def __init__(self, *, threads: int = 32) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return up to two IPv4 and two IPv6 addresses of a name, in the system's order (RFC 6724).

        Raises:
            OSError: the name does not resolve (socket.gaierror).
        """
        # As bytes, because Python would run a str through its own IDNA codec, which raises UnicodeError for what is
        # merely no such name.
        look_up = partial(socket.getaddrinfo, host.encode(), port, family, socket.SOCK_STREAM, 0, socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found_family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for wanted in dict.fromkeys(entry[0] for entry in found)
            for found_family, _, protocol, _, address in islice(
                (e for e in found if e[0] == wanted), _ADDRESSES_PER_FAMILY
            )
        ]

    async def close(self) -> None:
        """Drop what waits for a thread. A look-up that runs ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
