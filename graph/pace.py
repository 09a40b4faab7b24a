"""How often a subscription sends: a token bucket, so that updates after a quiet time are sent at once."""

import asyncio
from collections.abc import Callable

# Followers of one process read at most this many batches per second in total, whatever they filter: a third of a core.
# A batch without anything for a follower therefore delays its next one by 0.1 ms for each follower.
_BATCHES_PER_SECOND = 10_000
# However many followers there are.
_LONGEST_LOOK_SECONDS = 0.1


class Pace:
    """The tokens of one subscription: one for each message.

    Args:
        per_second: tokens that are added each second.
        followers: returns the number of followers in this process.
    """

    def __init__(self, per_second: float, followers: Callable[[], int]) -> None:
        self._per_second = per_second
        # Half a second's messages at once, so that a quick succession of changes is not held up.
        self._burst = max(1.0, per_second / 2)
        self._followers = followers
        self._tokens = self._burst
        self._clock = asyncio.get_running_loop().time
        self._at = self._clock()

    async def after_message(self) -> None:
        """Take the token of a message that was sent, and wait until there is one for the next."""
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second) - 1
        self._at = now
        if self._tokens < 1:
            await asyncio.sleep((1 - self._tokens) / self._per_second)

    async def after_nothing(self) -> None:
        """Wait after a batch without any wanted update."""
        await asyncio.sleep(min(self._followers() / _BATCHES_PER_SECOND, _LONGEST_LOOK_SECONDS))
