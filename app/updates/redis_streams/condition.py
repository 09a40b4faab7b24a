"""Whether the bus gets through to Redis."""

from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError

from app.redis_full import is_full

log = structlog.get_logger()


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
        redis = f"Redis at {self._where}{' is full' if is_full(error) else ''}"
        sentence = f"Live updates cannot be {self._half}: {redis}: {type(error).__name__}: {error}"
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
