"""The streams' keys, IDs and entries as values, and how to read them. No I/O."""

from collections.abc import Sequence
from typing import NamedTuple

from app.updates.bus import MAX_BATCH
from app.updates.cursor import Cursor, format_cursor
from app.updates.update import Stream, Topic, Update, decode
from app.updates.window import Page, Shelf, Window

PREFIX = "eev-webhooks:updates:"
# Names every stream that was written to; see `scripts`.
BELL = PREFIX + "bell"

# An entry as redis-py returns it: its ID, and its fields.
RawEntry = tuple[bytes, dict[bytes, bytes]]


class Entry(NamedTuple):
    """One entry: the cursor of its last update, and its updates."""

    cursor: Cursor
    updates: list[Update]

    @property
    def before(self) -> int:
        """Number of the update right before this entry's first."""
        return self.cursor.number - len(self.updates)


def stream_key(stream: Stream) -> str:
    """The key of a stream."""
    topic, workspace_id = stream
    return f"{PREFIX}{topic}:{workspace_id}"


def stream_of(key: str) -> Stream | None:
    """The inverse of `stream_key`; None for a topic that this version does not know."""
    topic, _, workspace_id = key.removeprefix(PREFIX).partition(":")
    try:
        return Topic(topic), workspace_id
    except ValueError:
        return None


def format_id(cursor: Cursor) -> str:
    """The entry id of a cursor."""
    return f"{cursor.epoch}-{cursor.number}"


def parse_id(text: bytes) -> Cursor:
    """The cursor of an entry id."""
    epoch, _, number = text.partition(b"-")
    return Cursor(int(epoch), int(number))


def read_entry(workspace_id: str, raw: RawEntry) -> Entry:
    """An entry as a value. One that cannot be read has no updates, which leaves a hole in the count: a gap."""
    entry_id, fields = raw
    try:
        updates = decode(workspace_id, fields[b"updates"])
    except (KeyError, ValueError):
        updates = []
    return Entry(parse_id(entry_id), updates)


def read_page(position: Cursor, entries: Sequence[Entry]) -> Page:
    """The updates that a follower at `position` gets from the entries after it, at most `MAX_BATCH`.

    Only the position's own epoch counts, and the page ends before a hole that is not at its beginning.
    """
    updates: list[tuple[str, Update]] = []
    number, gap = position.number, False
    for entry in entries:
        if entry.cursor.epoch != position.epoch or len(updates) >= MAX_BATCH:
            break
        if entry.before > number:
            if updates:
                break
            number, gap = entry.before, True
        for nth, update in enumerate(entry.updates, entry.before + 1):
            if nth > number and len(updates) < MAX_BATCH:
                updates.append((format_cursor(Cursor(position.epoch, nth)), update))
                number = nth
    return Page(tuple(updates), Cursor(position.epoch, number), gap)


def put_away(entries: Sequence[Entry], window: Window, shelf: Shelf) -> None:
    """Append entries to their stream's shelf; before a hole or another epoch, the shelf is emptied."""
    for entry in entries:
        if entry.cursor.epoch < shelf.epoch:
            continue  # a follower that joined during this read found the stream reborn
        if entry.cursor.epoch > shelf.epoch:
            window.restart(shelf, entry.cursor.epoch, 0)
        if entry.before > shelf.last:
            window.restart(shelf, shelf.epoch, entry.before)
        if fresh := entry.updates[shelf.last - entry.before :]:
            window.append(shelf, enumerate(fresh, shelf.last + 1))
