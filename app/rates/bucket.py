"""One token bucket. Pure: the time is an argument, and what a refusal says is the caller's business."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """How many tokens a second come back for ever, and how many may be taken at once after a rest."""

    per_second: int
    burst: int


class Bucket:
    """Holds up to `limit.burst` tokens and gains `limit.per_second` of them; full at first.

    Below zero it is in debt: other processes spent more than there was, before they knew of one another.
    """

    __slots__ = ("_at", "_limit", "level")

    def __init__(self, limit: Limit, now: float) -> None:
        self._limit = limit
        self._at = now
        self.level = float(limit.burst)

    def take(self, now: float, amount: int = 1) -> float:
        """Take tokens; returns 0 if there were enough, else how many seconds to wait for them.

        Args:
            now: seconds from any fixed point. A clock that is set back makes nobody wait longer for it.
            amount: at most a burst.
        """
        level = self.level_at(now)
        self._at = now
        self.level = level - amount if level >= amount else level
        return 0.0 if level >= amount else (amount - level) / self._limit.per_second

    def level_at(self, now: float) -> float:
        """Tokens that are there now."""
        return min(self._limit.burst, self.level + max(0.0, now - self._at) * self._limit.per_second)

    def put_right(self, level: float, now: float) -> None:
        """Set the number of tokens to the actual one."""
        self.level = level
        self._at = now
