"""Whether the bus reaches Redis."""

from urllib.parse import urlsplit

import structlog
from redis.exceptions import RedisError

from app.redis_full import is_full

log = structlog.get_logger()


class Condition:
    """Whether one half of the bus reaches Redis. Logs when that changes, and only then.

    Args:
        half: "written" or "read".
        url: its host is logged; the rest of it stays secret.
    """

    def __init__(self, half: str, url: str) -> None:
        parts = urlsplit(url)
        self._half = half
        self._where = parts.netloc.rpartition("@")[2] or parts.path
        self.sentence: str | None = None

    def failed(self, error: Exception) -> None:
        """Note that the last try failed. An error that does not come from Redis is a defect, and logged as one."""
        redis = f"Redis at {self._where}{' is full' if is_full(error) else ''}"
        sentence = f"Live updates cannot be {self._half}: {redis}: {type(error).__name__}: {error}"
        if not isinstance(error, RedisError | OSError):
            log.error("updates.defect", half=self._half, exc_info=error)
        elif self.sentence is None:
            log.warning("updates.interrupted", problem=sentence)
        self.sentence = sentence

    def succeeded(self) -> None:
        """Note that the last try succeeded."""
        if self.sentence is not None:
            log.info("updates.resumed", half=self._half)
        self.sentence = None
