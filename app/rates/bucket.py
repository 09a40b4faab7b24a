"""One token bucket. Pure: the time is an argument, and the caller words refusals."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tokens are added per second, and how many may be taken at once after a rest."""

    per_second: int
    burst: int


class Bucket:
    """Holds up to `limit.burst` tokens and gains `limit.per_second` of them; full at first.

    A negative level is a debt: other processes spent more than there was before they learned of one another.
    """

    __slots__ = ("_at", "_limit", "level")

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._at = now
        self.level = float(limit.burst)

    def take(self, now: float, amount: int = 1) -> float:
        """Take tokens; return 0 if there were enough, otherwise how many seconds to wait for them.

        Args:
            now: seconds from any fixed point. A clock that is set back does not lengthen the wait.
            amount: at most a burst.
        """
        level = self.level_at(now)
        self._at = now
        self.level = level - amount if level >= amount else level
        return 0.0 if level >= amount else (amount - level) / self._limit.per_second

    def level_at(self, now: float) -> float:
        """Number of tokens at `now`."""
        return min(self._limit.burst, self.level + max(0.0, now - self._at) * self._limit.per_second)

    def put_right(self, level: float, now: float) -> None:
        """Set the number of tokens to the actual one."""
        self.level = level
        self._at = now
