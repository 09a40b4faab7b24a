"""The latest updates of many streams in memory, bounded in total, with a wake-up for each stream.

This module knows neither where updates come from nor who numbers them; the ring fills it by announcing, the Redis
reader by reading.
"""

import asyncio
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import NamedTuple

from app.updates.bus import MAX_BATCH, Batch
from app.updates.cursor import Cursor, format_cursor
from app.updates.update import Stream, Update

# Streams whose end alone is remembered: a few megabytes.
MAX_FORGOTTEN = 10_000


class Page(NamedTuple):
    """The updates after a position with their cursors, the position after them, and whether some before are missing."""

    updates: tuple[tuple[str, Update], ...]
    position: Cursor
    gap: bool


class Shelf:
    """The kept updates of one stream: all after `floor`, up to `last`, within `epoch`."""

    __slots__ = ("changed", "epoch", "floor", "followers", "kept", "last", "stream")

    def __init__(self, stream: Stream, epoch: int, floor: int) -> None:
        self.stream = stream
        self.epoch = epoch
        self.floor = self.last = floor
        self.kept: deque[Kept] = deque()
        self.followers = 0
        self.changed = asyncio.Event()

    def page(self, position: Cursor) -> Page:
        """The updates after a position of this epoch that is not below the floor."""
        begin = bisect_right(self.kept, position.number, key=_number)
        end = min(begin + MAX_BATCH, len(self.kept))
        if begin == end:
            return Page((), position, gap=False)
        # By index, because a deque is fast at both ends, and a follower that keeps up reads near the right one.
        updates = tuple(self.kept[index].update for index in range(begin, end))
        return Page(updates, Cursor(self.epoch, self.kept[end - 1].number), gap=False)

    def wake(self) -> None:
        """Wake all that wait for `changed` now; later waiters wait for the next change."""
        self.changed.set()
        self.changed = asyncio.Event()


class Kept(NamedTuple):
    """An update on its shelf, with the cursor that all its followers share."""

    shelf: Shelf
    number: int
    update: tuple[str, Update]


def _number(kept: Kept) -> int:
    return kept.number


class Window:
    """Shelves by stream. If all of them together hold more than `capacity`, the oldest update is dropped.

    `forgotten` remembers where dropped shelves ended, for the latest `MAX_FORGOTTEN` of them.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._shelves: dict[Stream, Shelf] = {}
        self._order: deque[Kept] = deque()
        self.forgotten: OrderedDict[Stream, Cursor] = OrderedDict()
        self.closed = False

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Shelf]:
        return iter(self._shelves.values())

    @property
    def streams(self) -> int:
        """Number of shelves."""
        return len(self._shelves)

    def get(self, stream: Stream) -> Shelf | None:
        """The shelf of a stream, if it has one."""
        return self._shelves.get(stream)

    def open(self, stream: Stream, epoch: int, floor: int) -> Shelf:
        """The shelf of a stream; a new one holds nothing and starts after `floor`."""
        shelf = self._shelves.get(stream)
        if shelf is None:
            shelf = self._shelves[stream] = Shelf(stream, epoch, floor)
        return shelf

    def restart(self, shelf: Shelf, epoch: int, floor: int) -> None:
        """Empty a shelf, because something is missing, and continue after `floor` in `epoch`."""
        shelf.epoch = epoch
        shelf.floor = shelf.last = floor
        shelf.kept.clear()
        shelf.wake()

    def append(self, shelf: Shelf, updates: Iterable[tuple[int, Update]]) -> None:
        """Keep numbered updates, each higher than `shelf.last`, and wake the shelf's followers."""
        for number, update in updates:
            kept = Kept(shelf, number, (format_cursor(Cursor(shelf.epoch, number)), update))
            shelf.kept.append(kept)
            shelf.last = number
            self._order.append(kept)
        while len(self._order) > self._capacity:
            self._evict(self._order.popleft())
        shelf.wake()

    def forget(self, shelf: Shelf) -> None:
        """Drop a shelf that nobody follows."""
        if self._shelves.get(shelf.stream) is shelf:
            del self._shelves[shelf.stream]
            self.forgotten[shelf.stream] = Cursor(shelf.epoch, shelf.last)
            self.forgotten.move_to_end(shelf.stream)
            if len(self.forgotten) > MAX_FORGOTTEN:
                self.forgotten.popitem(last=False)

    def close(self) -> None:
        """End all followers."""
        self.closed = True
        for shelf in self:
            shelf.wake()

    def _evict(self, oldest: Kept) -> None:
        shelf = oldest.shelf
        if not shelf.kept or shelf.kept[0] is not oldest:
            return  # its shelf was emptied meanwhile
        shelf.kept.popleft()
        shelf.floor = oldest.number
        if not shelf.kept and not shelf.followers:
            self.forget(shelf)


class Following:
    """One follower's position on a shelf.

    Args:
        gap: whether something is already missing before the position.
        backfill: reads from a position below the shelf's floor; an empty page without a gap means "ask again when the
            shelf has changed".
    """

    def __init__(
        self,
        window: Window,
        shelf: Shelf,
        position: Cursor,
        *,
        gap: bool,
        backfill: Callable[[Shelf, Cursor], Awaitable[Page]],
    ) -> None:
        self._window = window
        self._shelf = shelf
        self._position = position
        self._gap = gap
        self._backfill = backfill
        self._first = True

    async def next(self) -> Batch | None:
        """Wait until there are updates, and return all of them; None when the window has closed."""
        while not self._window.closed:
            changed = self._shelf.changed
            page = await self._page()
            self._position = page.position
            self._gap = self._gap or page.gap
            if page.updates or self._gap or self._first:
                batch = Batch(page.updates, format_cursor(page.position), self._gap)
                self._gap = self._first = False
                return batch
            await changed.wait()
        return None

    async def _page(self) -> Page:
        if self._position.epoch != self._shelf.epoch:
            self._position, self._gap = Cursor(self._shelf.epoch, 0), True
        if self._position.number < self._shelf.floor:
            return await self._backfill(self._shelf, self._position)
        return self._shelf.page(self._position)
