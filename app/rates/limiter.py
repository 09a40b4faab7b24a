"""Decides within the process, at once and without waiting, whether a key may make another request."""

import math
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from app.clock import Clock
from app.errors import RateLimited
from app.rates.bucket import Bucket, Limit

if TYPE_CHECKING:
    from app.rates.shared_counts import SharedCounts

log = structlog.get_logger()

# Bounds memory. A dropped key starts with a full bucket, which is right because it was unused for long.
MAX_KEPT = 10_000
# The log names a key that exceeds its limit at most this often, in seconds.
_LOG_EVERY = 60.0


def requests_refused(limit: Limit, level: float, amount: int) -> str:
    """The refusal of a limit on requests."""
    ahead = math.ceil(limit.burst + amount - level)
    return (
        f"The API key would be {ahead:,} requests ahead of its {limit.per_second:,} a second, but at most"
        f" {limit.burst:,} are allowed."
    )


def cost_refused(limit: Limit, level: float, amount: int) -> str:
    """The refusal of a limit on the cost of operations."""
    return (
        f"The operation has a cost of {amount:,}, but only {max(0, math.floor(level)):,} of {limit.burst:,} are left to"
        f" the API key; {limit.per_second:,} a second come back."
    )


class Limiter:
    """The buckets of one process.

    Args:
        limit: the same for every key; None for no limit.
        shared: counts requests of other processes too; opened and closed by its creator.
        observe: called for each refusal.
        most: how many keys are remembered.
        words: words a refusal, given the limit, what is left, and what was asked for.
    """

    def __init__(
        self,
        limit: Limit | None,
        clock: Clock,
        shared: "SharedCounts | None" = None,
        observe: Callable[[], None] = lambda: None,
        most: int = MAX_KEPT,
        words: Callable[[Limit, float, int], str] = requests_refused,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._shared = shared
        self._observe = observe
        self._most = most
        self._words = words
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._logged: dict[str, float] = {}
        if shared is not None:
            shared.learn = self._learn

    @property
    def per_second(self) -> int | None:
        """Tokens added per second; None without a limit."""
        return None if self._limit is None else self._limit.per_second

    def take(self, key_id: str, amount: int = 1) -> None:
        """Count a request made with an API key, or with an access token made with it.

        Args:
            amount: at most the limit's burst.

        Raises:
            RateLimited: the limit is exceeded; the request is not counted.
        """
        if self._limit is None:
            return
        now = self._now()
        bucket = self._bucket(key_id, now)
        wait_seconds = bucket.take(now, amount)
        if wait_seconds > 0:
            words = self._words(self._limit, bucket.level, amount)
            raise self._refusal(self._limit, key_id, now, wait_seconds, words)
        if self._shared is not None:
            self._shared.spent(key_id, amount)

    def left(self, key_id: str) -> int | None:
        """Tokens that a key may take at once; None without a limit."""
        if self._limit is None:
            return None
        bucket = self._buckets.get(key_id)
        return self._limit.burst if bucket is None else max(0, math.floor(bucket.level_at(self._now())))

    def _bucket(self, key_id: str, now: float) -> Bucket:
        assert self._limit is not None
        bucket = self._buckets.get(key_id)
        if bucket is None:
            bucket = self._buckets[key_id] = Bucket(self._limit, now)
            if len(self._buckets) > self._most:
                self._logged.pop(self._buckets.popitem(last=False)[0], None)
        self._buckets.move_to_end(key_id)
        return bucket

    def _refusal(self, limit: Limit, key_id: str, now: float, wait_seconds: float, words: str) -> RateLimited:
        self._observe()
        if abs(now - self._logged.get(key_id, -math.inf)) >= _LOG_EVERY:
            self._logged[key_id] = now
            log.warning("key.rate_limited", api_key_id=key_id, per_second=limit.per_second, burst=limit.burst)
        return RateLimited(f"{words} Come back in {math.ceil(wait_seconds)} s.", wait_seconds)

    def _learn(self, key_id: str, level: float) -> None:
        """Take over the level of a key's bucket that all processes together have left."""
        if key_id in self._buckets:
            self._buckets[key_id].put_right(level, self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()
