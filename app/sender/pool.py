"""Keeps connections for the next request to the same place under the same policy.

A kept connection is reused without asking the guard or checking a certificate, so one that was opened under a loose
policy must not serve a webhook with a strict one: policy and place together are its key.
"""

import asyncio
from collections import deque
from typing import NamedTuple

from app.sender.connection import Connection
from app.sender.guard import Network

# Receivers commonly close an idle connection after 5 s (Node.js, Apache, uvicorn). A request on a connection that
# closes at that moment has to be sent again, so a connection is given up before, and likewise if a receiver says how
# long it keeps it.
_KEEP_IDLE_SECONDS = 4.0
_ON_THE_WAY_SECONDS = 1.0


class PoolKey(NamedTuple):
    """What two requests must have in common to share connections."""

    tls: bool
    host: str
    port: int
    verify_ssl: bool
    allowlist: tuple[Network, ...]


class Pool:
    """Idle connections by key. A connection that becomes idle is closed if more than `max_idle` are open in total."""

    def __init__(self, *, max_idle: int) -> None:
        self._max_idle = max_idle
        self._open: set[Connection] = set()
        self._idle: dict[PoolKey, deque[Connection]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """Return how many are open, in use or idle."""
        return len(self._open)

    def take(self, key: PoolKey) -> Connection | None:
        """Take out the most recently used connection, if one can still be used."""
        idle = self._idle.get(key)
        if idle is None:
            return None
        now = asyncio.get_running_loop().time()
        while idle:
            connection = idle.pop()
            if connection.reusable and connection.idle_until > now:
                return connection
            connection.close()
        del self._idle[key]
        return None

    def add(self, connection: Connection) -> None:
        """Count a new connection, until `lost` is called for it."""
        self._open.add(connection)

    def lost(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._open.discard(connection)

    def give_back(self, key: PoolKey, connection: Connection) -> None:
        """Keep a connection for later, or close it."""
        if not connection.reusable or len(self._open) > self._max_idle:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        said = connection.keep_seconds
        idle_seconds = _KEEP_IDLE_SECONDS if said is None else min(said - _ON_THE_WAY_SECONDS, _KEEP_IDLE_SECONDS)
        if idle_seconds <= 0:
            connection.close()
            return
        connection.keep()
        connection.idle_until = loop.time() + idle_seconds
        self._idle.setdefault(key, deque()).append(connection)
        if self._sweep is None:
            self._sweep = loop.call_later(_KEEP_IDLE_SECONDS, self._close_old)

    def close(self) -> None:
        """Close the idle ones; the others close when their request ends."""
        self._max_idle = -1
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for key, idle in list(self._idle.items()):
            while idle and (idle[0].idle_until <= now or not idle[0].reusable):
                idle.popleft().close()
            if not idle:
                del self._idle[key]
        self._sweep = loop.call_later(_KEEP_IDLE_SECONDS / 2, self._close_old) if self._idle else None
