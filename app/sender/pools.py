"""Keeps a pool of connections for each policy that they were opened under.

A kept connection is used again without asking the guard or checking a certificate, so one that was opened under a loose
policy must not serve a webhook with a strict one. aiohttp tells its connections apart by host, port and TLS only; a
pool of its own for each policy does the rest.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientSession

from app.sender.guard import Network


@dataclass(frozen=True, slots=True)
class PoolKey:
    """What two requests must have in common to share connections."""

    verify_ssl: bool
    allowlist: tuple[Network, ...]


@dataclass(slots=True)
class _Pool:
    session: ClientSession
    in_use: int = 0


class Pools:
    """Opens a session for a key when it is asked for; closes the least recently used beyond `limit`, once idle."""

    def __init__(self, open_session: Callable[[PoolKey], ClientSession], *, limit: int) -> None:
        self._open_session = open_session
        self._limit = limit
        self._pools: OrderedDict[PoolKey, _Pool] = OrderedDict()
        self._retired: list[_Pool] = []

    def __len__(self) -> int:
        """Return how many are open, with those that only wait for their last request."""
        return len(self._pools) + len(self._retired)

    @asynccontextmanager
    async def lease(self, key: PoolKey) -> AsyncIterator[ClientSession]:
        """Lend the session of a policy; it stays open at least as long as it is lent."""
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = _Pool(self._open_session(key))
        self._pools.move_to_end(key)
        pool.in_use += 1
        try:
            yield pool.session
        finally:
            pool.in_use -= 1
            if self._retired or len(self._pools) > self._limit:
                await self._shed()

    async def aclose(self) -> None:
        """Close the pools that nobody uses; the others follow with the end of their last request."""
        self._limit = 0
        await self._shed()

    async def _shed(self) -> None:
        while len(self._pools) > self._limit:
            self._retired.append(self._pools.popitem(last=False)[1])
        # Looked for anew after each close, because another request may shed meanwhile.
        while (idle := next((pool for pool in self._retired if not pool.in_use), None)) is not None:
            self._retired.remove(idle)
            await idle.session.close()
