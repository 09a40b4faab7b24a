from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.updates import Topic
from app.updates.bus import MAX_BATCH
from app.updates.cursor import Cursor, format_cursor, parse_cursor
from app.updates.redis_streams.entries import (
    Entry,
    format_id,
    parse_id,
    put_away,
    read_entry,
    read_page,
    stream_key,
    stream_of,
)
from app.updates.update import Update, encode
from app.updates.window import Window
from tests.app.updates.follower import an_update, some_updates

halves = st.integers(min_value=0, max_value=2**64 - 1)
cursors = st.builds(Cursor, halves, halves)


@st.composite
def streams(draw: st.DrawFn) -> list[Entry]:
    """The entries of one epoch, with some missing or unreadable, or followed by those of the next epoch."""
    entries, number = [], 0
    for count in draw(st.lists(st.integers(1, 4), max_size=8)):
        updates = some_updates(range(number + 1, number + count + 1))
        number += count
        match draw(st.sampled_from(["there", "there", "there", "missing", "unreadable"])):
            case "there":
                entries.append(Entry(Cursor(7, number), updates))
            case "unreadable":
                entries.append(Entry(Cursor(7, number), []))
    if draw(st.booleans()):
        entries.append(Entry(Cursor(8, 2), some_updates([1, 2])))
    return entries


@given(streams(), st.integers(0, 10))
def test_reading_page_by_page_gives_all_there_is_and_tells_every_hole(entries: list[Entry], begin: int) -> None:
    expected = [
        update.at
        for entry in entries
        for number, update in enumerate(entry.updates, entry.before + 1)
        if entry.cursor.epoch == 7 and number > begin
    ]
    position, seen = Cursor(7, begin), []

    while later := [entry for entry in entries if entry.cursor > position and entry.cursor.epoch == 7]:
        page = read_page(position, later)
        numbered = [(parse_cursor(cursor), update) for cursor, update in page.updates]
        between = [position, *(cursor for cursor, _ in numbered)]
        holes = [one for one, other in pairwise(between) if other.number != one.number + 1]

        assert page.position > position
        assert page.gap or not holes
        assert holes in ([], [position]), "a hole is told by the batch that begins with it"
        seen += [update.at for _, update in numbered]
        position = page.position

    assert seen == expected


@given(st.integers(0, 30))
def test_a_page_holds_no_more_than_a_batch_and_the_next_goes_on(begin: int) -> None:
    entries = [Entry(Cursor(7, 100 * n), some_updates(range(100 * n - 99, 100 * n + 1))) for n in range(1, 31)]

    page = read_page(Cursor(7, begin), entries)

    assert len(page.updates) == MAX_BATCH
    assert page.position == Cursor(7, begin + MAX_BATCH)
    assert page.updates[-1] == (format_cursor(page.position), an_update(begin + MAX_BATCH))
    assert not page.gap


@given(st.lists(streams(), max_size=3), st.data())
def test_what_is_put_away_is_what_there_is_after_the_last_hole(pieces: list[list[Entry]], data: st.DataObject) -> None:
    window = Window(10_000)
    shelf = window.open((Topic.DELIVERIES, "ws_a"), 7, 0)
    entries = pieces[0] if pieces else []
    for _ in pieces:  # read repeatedly, from any position, as overlapping reads do
        begin = data.draw(st.integers(0, len(entries)))
        put_away(entries[:begin], window, shelf)
    put_away(entries, window, shelf)

    expected: list[tuple[str, Update]] = []
    epoch, number = 7, 0
    for entry in entries:
        if entry.cursor.epoch > epoch or entry.before > number:
            expected = []
        epoch = entry.cursor.epoch
        number = entry.cursor.number
        expected += [
            (format_cursor(Cursor(epoch, nth)), update) for nth, update in enumerate(entry.updates, entry.before + 1)
        ]
    page = shelf.page(Cursor(shelf.epoch, shelf.floor))

    assert (shelf.epoch, shelf.last) == (epoch, number)
    assert list(page.updates) == expected


def test_what_is_left_of_an_older_epoch_is_passed_over() -> None:
    window = Window(100)
    shelf = window.open((Topic.DELIVERIES, "ws_a"), 8, 0)

    put_away([Entry(Cursor(7, 5), some_updates([5])), Entry(Cursor(8, 1), some_updates([1]))], window, shelf)

    assert [update for _, update in shelf.page(Cursor(8, 0)).updates] == [an_update(1)]
    assert (shelf.epoch, shelf.floor, shelf.last) == (8, 0, 1)


def test_a_page_of_another_epoch_is_empty() -> None:
    page = read_page(Cursor(7, 3), [Entry(Cursor(8, 2), some_updates([1, 2]))])

    assert (page.updates, page.position, page.gap) == ((), Cursor(7, 3), False)


@given(cursors)
def test_a_cursor_survives_being_an_id(cursor: Cursor) -> None:
    assert parse_id(format_id(cursor).encode()) == cursor


@given(st.sampled_from(Topic), st.text())
def test_a_stream_survives_being_a_key(topic: Topic, workspace_id: str) -> None:
    assert stream_of(stream_key((topic, workspace_id))) == (topic, workspace_id)


@given(st.text())
def test_a_key_of_something_else_is_no_stream(key: str) -> None:
    if key.partition(":")[0] not in set(Topic):
        assert stream_of(key) is None


@given(st.binary())
def test_an_entry_is_read_or_has_no_updates(text: bytes) -> None:
    entry = read_entry("ws_a", (b"7-3", {b"run": b"r", b"updates": text}))

    assert entry.cursor == Cursor(7, 3)
    assert len(entry.updates) <= len(text)


def test_an_entry_is_read_as_it_was_written() -> None:
    updates = some_updates([1, 2, 3])

    entry = read_entry("ws_a", (b"7-9", {b"run": b"r", b"updates": encode(updates)}))

    assert (entry.updates, entry.before) == (updates, 6)
