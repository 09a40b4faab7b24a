"""Updates that wait to be written to Redis: bounded, fair between workspaces, with a mark for what was dropped. No
I/O.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.updates.update import Stream, Topic, Update

# An entry of a stream is read as a whole, so it stays small compared with a follower's batch.
MAX_PARCEL = 100


class Parcel(NamedTuple):
    """Updates for one entry of one stream; `lost` says that updates before them were dropped."""

    stream: Stream
    updates: tuple[Update, ...]
    lost: bool


@dataclass(slots=True)
class _Waiting:
    updates: deque[Update] = field(default_factory=deque)
    lost: bool = False


class Outbox:
    """Updates by stream, in order. Beyond `capacity` the fullest stream is emptied and marked, so that the fewest
    followers get a gap.

    A mark stays until it is taken, even without updates, so there may be one more small object for each such workspace.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._streams: dict[Stream, _Waiting] = {}
        self._size = 0
        self.filled = asyncio.Event()

    def __len__(self) -> int:
        return self._size

    def put(self, topic: Topic, updates: Sequence[Update]) -> None:
        """Add updates, of any workspaces."""
        for update in updates:
            self._streams.setdefault((topic, update.workspace_id), _Waiting()).updates.append(update)
        self._size += len(updates)
        while self._size > self._capacity:
            self._lose(max(self._streams.values(), key=lambda waiting: len(waiting.updates)))
        if self._streams:
            self.filled.set()

    @property
    def streams(self) -> list[Stream]:
        """The streams that have updates, or a mark."""
        return list(self._streams)

    def move(self, stream: Stream, other: "Outbox") -> None:
        """Add what another outbox holds of a stream, which it no longer does afterwards."""
        moved = other.withdraw(stream)
        if moved.lost:
            self._lose(self._streams.setdefault(stream, _Waiting()))
        self.put(stream[0], tuple(moved.updates))

    def withdraw(self, stream: Stream) -> _Waiting:
        """Remove what is held of a stream, and return it."""
        waiting = self._streams.pop(stream, _Waiting())
        self._size -= len(waiting.updates)
        return waiting

    def clear(self) -> None:
        """Forget everything."""
        self._streams.clear()
        self._size = 0
        self.filled.clear()

    def take(self, limit: int) -> list[Parcel]:
        """Remove about `limit` updates, a parcel of each stream in turn."""
        parcels: list[Parcel] = []
        while self._streams and limit > 0:
            stream = next(iter(self._streams))
            waiting = self._streams.pop(stream)
            count = min(len(waiting.updates), MAX_PARCEL)
            parcels.append(Parcel(stream, tuple(waiting.updates.popleft() for _ in range(count)), waiting.lost))
            self._size -= count
            limit -= max(1, count)
            if waiting.updates:
                self._streams[stream] = _Waiting(waiting.updates)  # at the end: other streams come first
        if not self._streams:
            self.filled.clear()
        return parcels

    def _lose(self, waiting: _Waiting) -> None:
        self._size -= len(waiting.updates)
        waiting.updates.clear()
        waiting.lost = True
