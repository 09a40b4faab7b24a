"""Connections to Redis of what runs in the background: live updates, and rates that processes count together."""

import asyncio

from redis.asyncio import BlockingConnectionPool, Redis
from redis.driver_info import DriverInfo

# For live updates: one for the writer, one for the reader that blocks, the rest for followers that join or catch up.
MAX_CONNECTIONS = 8
# Made once: for each connection that is given none, redis-py looks its own version up in files, on the event loop.
DRIVER = DriverInfo()


def connect(url: str, timeout_seconds: float) -> Redis:
    """A client that connects on first use.

    Args:
        timeout_seconds: how long it waits for a connection and for each answer; trying again is left to its caller.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MAX_CONNECTIONS,
        timeout=timeout_seconds,
        socket_timeout=timeout_seconds,
        socket_connect_timeout=timeout_seconds,
        protocol=2,
        decode_responses=False,
        driver_info=DRIVER,
    )
    return Redis.from_pool(pool)


def backoff_seconds(failures: int) -> float:
    """How long to wait after this many failures in a row: little at first, a restart of Redis is quick."""
    return min(2.0, 0.05 * 2.0 ** min(failures, 10))


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """End tasks, asking again until they have: redis-py sends through `asyncio.wait_for`, which before Python 3.12 may
    swallow a cancellation that comes when it is just done (python/cpython#86296)."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
