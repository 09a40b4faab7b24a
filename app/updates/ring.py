"""Live updates within one process: the embedded server's bus.

Keeps the latest updates of all workspaces together, so its memory is bounded whatever callers announce or follow.
Nothing outlives the process; a cursor from before a restart leads to a gap.
"""

import secrets
from collections.abc import AsyncGenerator, Sequence
from typing import Self

from app.updates.bus import Batch
from app.updates.cursor import Cursor, parse_cursor, start
from app.updates.update import Stream, Topic, Update, by_workspace
from app.updates.window import Following, Page, Shelf, Window


class Ring:
    """`Updates` in memory.

    Args:
        kept: how many updates are kept in total, over all topics and workspaces.
    """

    def __init__(self, *, kept: int = 20_000) -> None:
        self._window = Window(kept)
        self._followers = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._window.close()

    def announce(self, topic: Topic, updates: Sequence[Update]) -> None:
        """See `Updates.announce`."""
        for workspace_id, group in by_workspace(updates).items():
            shelf = self._shelf((topic, workspace_id))
            self._window.append(shelf, enumerate(group, shelf.last + 1))

    def follow(self, topic: Topic, workspace_id: str, after: str | None = None) -> AsyncGenerator[Batch, None]:
        """See `Updates.follow`."""
        return self._follow((topic, workspace_id), None if after is None else parse_cursor(after))

    def healthy(self) -> str | None:
        """See `Updates.healthy`: memory is always there."""
        return None

    @property
    def followers(self) -> int:
        """See `Updates.followers`."""
        return self._followers

    async def _follow(self, stream: Stream, after: Cursor | None) -> AsyncGenerator[Batch, None]:
        shelf = self._shelf(stream)
        shelf.followers += 1
        self._followers += 1
        try:
            position, gap = start(after, Cursor(shelf.epoch, shelf.last))
            following = Following(self._window, shelf, position, gap=gap, backfill=_oldest_kept)
            while (batch := await following.next()) is not None:
                yield batch
        finally:
            self._followers -= 1
            shelf.followers -= 1
            if not shelf.followers and not shelf.kept:
                self._window.forget(shelf)

    def _shelf(self, stream: Stream) -> Shelf:
        """The shelf of a stream. Each counts by itself: a cursor reveals nothing about how much others announce."""
        if (shelf := self._window.get(stream)) is not None:
            return shelf
        # A random epoch, which differs from every other run of the process and from a shelf with an end that is no
        # longer known; never 0, so that Cursor(0, …) belongs to no stream.
        end = self._window.forgotten.get(stream) or Cursor(secrets.randbits(62) + 1, 0)
        return self._window.open(stream, end.epoch, end.number)


async def _oldest_kept(shelf: Shelf, position: Cursor) -> Page:
    return shelf.page(Cursor(position.epoch, shelf.floor))._replace(gap=True)
