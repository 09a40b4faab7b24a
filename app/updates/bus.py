"""The two verbs of live updates: announce a change, and follow changes.

This module knows neither GraphQL nor the database. There are two implementations: `app.updates.ring` within one
process, `app.updates.redis_streams` between processes.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from app.updates.update import Topic, Update

# A batch never holds more; further updates come with the next one.
MAX_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything since the last batch, at most `MAX_BATCH`.

    Args:
        updates: each with the cursor right after it, oldest first.
        cursor: the follower's position; pass it as `after` to continue from here, on any server of the installation.
        gap: whether updates between the last batch (or `after`) and this one may be missing: read the rows to catch up.
    """

    updates: tuple[tuple[str, Update], ...]
    cursor: str
    gap: bool


class Updates(Protocol):
    """A bus of updates. Opened and closed by `async with`; closing ends all followers."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...

    def announce(self, topic: Topic, updates: Sequence[Update]) -> None:
        """Announce updates to the followers of their workspaces; call it on the event loop, after the commit.

        Never blocks, never raises, and holds a bounded number; followers learn of dropped updates as a gap.
        """
        ...

    def follow(self, topic: Topic, workspace_id: str, after: str | None = None) -> AsyncGenerator[Batch, None]:
        """Updates of a workspace, at least once, in order, in batches of all that came since the last one.

        The first batch comes at once, even if it is empty. It fixes the position, so nothing announced after it is
        missed, and its `gap` says whether the follower could continue right after `after`. A follower has a position
        and no queue: a slow one costs nothing, and gets a gap when the updates after its position are no longer kept.
        After a gap it continues from the oldest kept update.

        Use `contextlib.aclosing` around it, so that it ends with the caller.

        Args:
            after: a cursor of an earlier batch or update; None means from now on.

        Raises:
            InvalidCursor: `after` is not a cursor (raised by the call itself).
        """
        ...

    def healthy(self) -> str | None:
        """None, or a sentence that says what is wrong."""
        ...

    @property
    def followers(self) -> int:
        """Number of current followers."""
        ...
