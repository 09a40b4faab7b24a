from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.updates.cursor import Cursor, InvalidCursor, format_cursor, parse_cursor, start

halves = st.integers(min_value=0, max_value=2**64 - 1)
cursors = st.builds(Cursor, halves, halves)


@given(cursors)
@example(Cursor(0, 0))
@example(Cursor(2**64 - 1, 2**64 - 1))
def test_a_cursor_survives_being_text(cursor: Cursor) -> None:
    assert parse_cursor(format_cursor(cursor)) == cursor


@given(st.text() | st.from_regex(r"[0-9a-fA-F]{0,18}-[0-9a-fA-F]{0,18}\n?", fullmatch=True))
@example("")
@example("-")
@example("0-00")
@example("1-1\n")
@example("٣-٣")
@example("ffffffffffffffff0-0")
def test_any_text_is_the_one_spelling_of_a_cursor_or_refused(text: str) -> None:
    with suppress(InvalidCursor):
        assert format_cursor(parse_cursor(text)) == text


@given(st.text(alphabet=st.characters(exclude_characters="-")))
def test_a_refusal_is_a_sentence_of_bounded_length(text: str) -> None:
    with pytest.raises(InvalidCursor, match=r"is not a cursor: pass .+ leave `after` out\.$") as refusal:
        parse_cursor(text * 100)

    assert len(str(refusal.value)) < 1_000


@given(cursors, st.integers(min_value=0, max_value=2**64 - 1))
def test_without_a_cursor_a_follower_begins_at_the_end(now: Cursor, number: int) -> None:
    assert start(None, now) == (now, False)


@given(cursors, st.data())
def test_a_cursor_of_this_epoch_goes_on_where_it_was(now: Cursor, data: st.DataObject) -> None:
    after = Cursor(now.epoch, data.draw(st.integers(0, now.number)))

    assert start(after, now) == (after, False)


@given(cursors, cursors)
def test_any_other_cursor_is_a_gap_and_goes_on_from_the_oldest(after: Cursor, now: Cursor) -> None:
    if after.epoch == now.epoch and after.number <= now.number:
        return

    assert start(after, now) == (Cursor(now.epoch, 0), True)


@pytest.mark.parametrize("text", ["1_0-0", "+1-0", "0x1-0", " 1-0", "1-0 ", "A-0", "01-0", "1--0"])
def test_lookalikes_are_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        parse_cursor(text)
