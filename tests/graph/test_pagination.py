"""Pages: pure cursors and windows, and every way to page through a list of rows."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.database.database import Database
from app.ids import AUDIT_ENTRY, DELIVERY, lowest_id, new_id
from graph.cursors import DEFAULT_SIZE, Window, decode_cursor, encode_cursor, window
from graph.errors import BadUserInput
from graph.pagination import Children, Listing, Page, fetch_page, fetch_pages
from tests.clock import START

ids = st.integers(min_value=0, max_value=10**13).map(lambda _: new_id(DELIVERY, START))


@given(ids)
def test_a_cursor_leads_back_to_its_id(subject_id: str) -> None:
    assert decode_cursor(DELIVERY, "after", encode_cursor(subject_id)) == (subject_id, None)


@given(st.text())
def test_whatever_else_is_no_cursor_and_is_named(text: str) -> None:
    with pytest.raises(BadUserInput, match="The argument before is "):
        decode_cursor(DELIVERY, "before", text)


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = encode_cursor(new_id(AUDIT_ENTRY, START))

    with pytest.raises(BadUserInput, match="no cursor of this list"):
        decode_cursor(DELIVERY, "after", cursor)


def test_a_cursor_in_another_spelling_is_refused() -> None:
    cursor = encode_cursor(lowest_id(DELIVERY, START))

    for spelling in (cursor + "=", cursor + "\n", cursor[:-1], " " + cursor):
        with pytest.raises(BadUserInput):
            decode_cursor(DELIVERY, "after", spelling)


def test_without_arguments_a_window_is_the_beginning_of_the_list() -> None:
    assert window(DELIVERY, None, None, None, None) == Window(DEFAULT_SIZE)


@pytest.mark.parametrize(("first", "last"), [(0, None), (100, None), (None, 0), (None, 100)])
def test_sizes_up_to_the_limit_are_taken(first: int | None, last: int | None) -> None:
    size = first if first is not None else last

    assert window(DELIVERY, first, None, last, None) == Window(size or 0, from_end=last is not None)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((-1, None, None, None), "The argument first is -1; it must be between 0 and 100."),
        ((101, None, None, None), "The argument first is 101; it must be between 0 and 100."),
        ((None, None, -1, None), "The argument last is -1; it must be between 0 and 100."),
        ((None, None, 1000, None), "The argument last is 1000; it must be between 0 and 100."),
        ((1, None, 2, None), "Both first (1) and last (2) are given"),
        ((0, None, 0, None), "Both first (0) and last (0) are given"),
        ((1, "", None, None), 'The argument after is "", which is no cursor'),
        ((None, None, 1, "bogus"), 'The argument before is "bogus", which is no cursor'),
    ],
)
def test_arguments_that_cannot_be_used_are_named_with_value_and_limit(
    arguments: tuple[Any, Any, Any, Any], sentence: str
) -> None:
    with pytest.raises(BadUserInput) as refused:
        window(DELIVERY, *arguments)

    assert str(refused.value).startswith(sentence)


ROWS = [new_id(AUDIT_ENTRY, START) for _ in range(7)]


@pytest.fixture
async def rows(database_url: str) -> Any:
    """A table with seven rows of our workspace and one of another; the actors alternate."""
    async with Database(database_url) as database:
        values = [("ws_1", row_id, f"actor {n % 2}") for n, row_id in enumerate(ROWS)]
        for workspace_id, row_id, actor in [*values, ("ws_2", new_id(AUDIT_ENTRY, START), "actor 0")]:
            await database.execute(
                "INSERT INTO audit_entry (id, workspace_id, at, actor, action) VALUES ($1, $2, 0, $3, 'x.y')",
                row_id,
                workspace_id,
                actor,
            )
        yield database


class Entry(NamedTuple):
    id: str
    actor: str


OURS = Listing("audit_entry", Entry).where("workspace_id = ?", "ws_1")
OLDEST_FIRST = replace(OURS, descending=False)


async def _shown(page: Page[Entry]) -> tuple[str, bool, bool]:
    """The rows by their positions, and whether the list continues before and after them."""
    places = "".join(str(ROWS.index(row.id)) for row in page.rows)
    previous = page.has_previous if isinstance(page.has_previous, bool) else await page.has_previous()
    following = page.has_next if isinstance(page.has_next, bool) else await page.has_next()
    return places, previous, following


@pytest.mark.parametrize(
    ("listing", "asked", "expected"),
    [
        (OURS, Window(3), ("654", False, True)),
        (OURS, Window(7), ("6543210", False, False)),
        (OURS, Window(20), ("6543210", False, False)),
        (OURS, Window(0), ("", False, True)),
        (OURS, Window(3, after=ROWS[4]), ("321", True, True)),
        (OURS, Window(3, after=ROWS[3]), ("210", True, False)),
        (OURS, Window(3, after=ROWS[0]), ("", True, False)),
        (OURS, Window(2, from_end=True), ("10", True, False)),
        (OURS, Window(7, from_end=True), ("6543210", False, False)),
        (OURS, Window(2, from_end=True, before=ROWS[1]), ("32", True, True)),
        (OURS, Window(2, from_end=True, before=ROWS[4]), ("65", False, True)),
        (OURS, Window(2, from_end=True, before=ROWS[6]), ("", False, True)),
        (OURS, Window(9, after=ROWS[5], before=ROWS[1]), ("432", True, True)),
        (OURS, Window(1, from_end=True, after=ROWS[5], before=ROWS[1]), ("2", True, True)),
        (OLDEST_FIRST, Window(2), ("01", False, True)),
        (OLDEST_FIRST, Window(2, after=ROWS[1]), ("23", True, True)),
        (OLDEST_FIRST, Window(1, from_end=True), ("6", True, False)),
        (OURS.where("actor = ?", "actor 1"), Window(2), ("53", False, True)),
        (OURS.where("actor = ?", "actor 1"), Window(2, after=ROWS[3]), ("1", True, False)),
        (OURS.where_in("actor", ["actor 0", "actor 1"]), Window(1), ("6", False, True)),
        (OURS.where_in("actor", []), Window(1), ("", False, False)),
        (OURS.where("actor = ?", "\x00"), Window(1), ("", False, False)),
    ],
)
async def test_a_page_holds_its_window_and_knows_both_its_ends(
    rows: Database, listing: Listing[Entry], asked: Window, expected: tuple[str, bool, bool]
) -> None:
    page = await fetch_page(rows, listing, asked)

    assert await _shown(page) == expected


async def test_pages_of_several_parents_are_read_together_and_each_is_right(rows: Database) -> None:
    def of(actor: str, asked: Window) -> Children[Entry]:
        return Children(OLDEST_FIRST, asked, "actor", actor)

    asked: Sequence[Children[Entry]] = [
        of("actor 0", Window(2)),
        of("actor 1", Window(2)),
        of("actor 2", Window(2)),
        of("actor 0", Window(2, from_end=True)),
        of("actor 1", Window(1, after=ROWS[1])),
    ]

    pages = await fetch_pages(rows, asked)

    assert [await _shown(page) for page in pages] == [
        ("02", False, True),
        ("13", False, True),
        ("", False, False),
        ("46", True, False),
        ("3", True, True),
    ]
