"""The bus's own connections to Redis, and whether they get through."""

from urllib.parse import urlsplit

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

log = structlog.get_logger()

# One for the writer, one for the reader's blocking read, the rest for followers that join or catch up.
MAX_CONNECTIONS = 8


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
    )
    return Redis.from_pool(pool)


def backoff_seconds(failures: int) -> float:
    """How long to wait after this many failures in a row: little at first, a restart of Redis is quick."""
    return min(2.0, 0.05 * 2.0 ** min(failures, 10))


class Condition:
    """Whether one half of the bus gets through to Redis. Logs when that changes, and only then.

    Args:
        half: "written" or "read".
        url: whose host is named; what else is in it stays secret.
    """

    def __init__(self, half: str, url: str) -> None:
        parts = urlsplit(url)
        self._half = half
        self._where = parts.netloc.rpartition("@")[2] or parts.path
        self.sentence: str | None = None

    def failed(self, error: Exception) -> None:
        """The last try failed. What is not Redis's doing is a defect, and logged as one."""
        sentence = f"Live updates cannot be {self._half}: Redis at {self._where}: {type(error).__name__}: {error}"
        if not isinstance(error, RedisError | OSError):
            log.error("updates.defect", half=self._half, exc_info=error)
        elif self.sentence is None:
            log.warning("updates.interrupted", problem=sentence)
        self.sentence = sentence

    def succeeded(self) -> None:
        """The last try got through."""
        if self.sentence is not None:
            log.info("updates.resumed", half=self._half)
        self.sentence = None
