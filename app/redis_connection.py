"""Connections to Redis for background work: live updates, and rates that processes count together."""

import asyncio

from redis.asyncio import BlockingConnectionPool, Redis
from redis.driver_info import DriverInfo

# For live updates: one for the writer, one for the reader that blocks, the rest for followers that join or catch up.
MAX_CONNECTIONS = 8
# Made once: for a connection without one, redis-py reads its own version from files, on the event loop.
DRIVER = DriverInfo()


def connect(url: str, timeout_seconds: float) -> Redis:
    """A client that connects on first use.

    Args:
        timeout_seconds: how long it waits for a connection and for each answer; its caller does the retries.
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
    """How long to wait after this many consecutive failures: short at first, because a restart of Redis is quick."""
    return min(2.0, 0.05 * 2.0 ** min(failures, 10))


async def cancelled(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks, again until they end: redis-py sends through `asyncio.wait_for`, which before Python 3.12 may
    swallow a cancellation that arrives just when it is done (python/cpython#86296).
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
