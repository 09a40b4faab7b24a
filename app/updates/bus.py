"""The two verbs of live updates: announce a change, and follow changes.

Refuses to know GraphQL and the database. There are two implementations: `app.updates.ring` within one process,
`app.updates.redis_streams` between processes.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from app.updates.update import Topic, Update

# A batch never holds more; what is beyond it comes with the next one.
MAX_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything since the last batch, at most `MAX_BATCH`.

    Args:
        updates: each with the cursor right after it, oldest first.
        cursor: where the follower stands now; pass it as `after` to go on from here, on any server of the installation.
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
        """Tell the followers of these updates' workspaces; to be called on the event loop, after the commit.

        Never blocks, never raises, and holds a bounded number: what it has to drop, its followers learn as a gap.
        """
        ...

    def follow(self, topic: Topic, workspace_id: str, after: str | None = None) -> AsyncGenerator[Batch, None]:
        """What is announced to a workspace, at least once, in order, in batches as big as the time between two of them.

        The first batch comes at once, be it empty: it fixes the position, so nothing announced after it is missed, and
        says with `gap` whether the follower could go on right after `after`. A follower holds a position and no queue:
        a slow one costs nothing, and gets a gap when what comes next is no longer kept. After a gap it goes on from the
        oldest that is kept.

        Use `contextlib.aclosing` around it, so that it ends when you do.

        Args:
            after: a cursor of an earlier batch or update; None is from now on.

        Raises:
            InvalidCursor: `after` is no cursor (raised by the call itself).
        """
        ...

    def healthy(self) -> str | None:
        """None, or a sentence that says what is wrong."""
        ...

    @property
    def followers(self) -> int:
        """How many are following now."""
        ...
