"""Pagination: cursors, the arguments first/after/last/before, and the statement that reads a page.

A cursor is opaque to clients and holds an ID. IDs sort by creation time, so a page is an ID range and costs the same at
the start of a list and a million rows in. In a list with another order, a cursor also holds what the order compares.
Source: the Relay cursor connections specification (relay.dev/graphql/connections.htm). Knows no table.
"""

import base64
import binascii
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, TypeAlias

from app.database.batch import PARENT, PARENTS, of_each_parent
from app.database.database import Row, Statements
from app.ids import is_id
from graph.errors import BadUserInput

DEFAULT_SIZE = 20
MAX_SIZE = 100

_VERSION = "v1:"
_ORDERED = "v2:"

Probe: TypeAlias = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Order:
    """An order other than by ID: `key` is SQL for text that is never null; equal keys are in the order of IDs. `name`
    and the direction are in the list's cursors."""

    name: str
    key: str


def encode_cursor(subject_id: str, order: str | None = None, key: str = "") -> str:
    """The cursor of the row with this id, which has this key in a list with this order."""
    text = _VERSION + subject_id if order is None else f"{_ORDERED}{order}:{subject_id}:{key}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(prefix: str, name: str, cursor: str, order: str | None = None) -> tuple[str, str | None]:
    """The ID and the key in a cursor that was given as the argument `name` to a list of ids with this prefix and this
    order. By ID alone, there is no key.

    Raises:
        BadUserInput: the cursor was not made by such a list.
    """
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    subject_id, key = _position(text, order)
    if not is_id(prefix, subject_id) or encode_cursor(subject_id, order, key or "") != cursor:
        raise BadUserInput(
            f'The argument {name} is "{cursor[:60]}", which is no cursor of this list in this order;'
            " give one that its edges or pageInfo showed."
        )
    return subject_id, key


def _position(text: str, order: str | None) -> tuple[str, str | None]:
    """What a decoded cursor says, with an empty ID if it is not one of such a list."""
    if order is None:
        return (text.removeprefix(_VERSION) if text.startswith(_VERSION) else ""), None
    start = f"{_ORDERED}{order}:"
    subject_id, _, key = text.removeprefix(start).partition(":")
    return (subject_id if text.startswith(start) and "\0" not in key else ""), key


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list: a number of rows from its start or end, between two IDs, with their keys in a list that has an
    order of its own."""

    size: int
    from_end: bool = False
    after: str | None = None
    before: str | None = None
    after_key: str | None = None
    before_key: str | None = None

    @property
    def has_cursor(self) -> bool:
        """Whether a cursor bounds it."""
        return self.after is not None or self.before is not None


def window(
    prefix: str,
    first: int | None,
    after: str | None,
    last: int | None,
    before: str | None,
    order: str | None = None,
) -> Window:
    """The window that a connection's four arguments ask for, over a list of ids with this prefix and this order.

    Raises:
        BadUserInput: an argument cannot be used; the message names it, its value and the limit.
    """
    if first is not None and last is not None:
        raise BadUserInput(
            f"Both first ({first}) and last ({last}) are given; give the one whose end the page is to be on."
        )
    for name, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= MAX_SIZE:
            raise BadUserInput(f"The argument {name} is {size}; it must be between 0 and {MAX_SIZE}.")
    size = first if first is not None else last
    nothing = None, None
    after_id, after_key = nothing if after is None else decode_cursor(prefix, "after", after, order)
    before_id, before_key = nothing if before is None else decode_cursor(prefix, "before", before, order)
    return Window(
        size=DEFAULT_SIZE if size is None else size,
        from_end=last is not None,
        after=after_id,
        before=before_id,
        after_key=after_key,
        before_key=before_key,
    )


@dataclass(frozen=True, slots=True)
class Listing:
    """A list: the rows of a table that meet all conditions, by ID or in an order of its own. Equal listings have equal
    contents."""

    table: str
    columns: str
    descending: bool = True
    conditions: tuple[str, ...] = ()
    parameters: tuple[Any, ...] = ()
    # Where there are some, a row meets one of these too. Read one by one, each along an index that begins with it.
    lanes: tuple[str, ...] = ()
    order: Order | None = None

    @property
    def cursor_order(self) -> str | None:
        """What cursors say of the order; None for lists by ID, newest or oldest first, as a list always was."""
        return None if self.order is None else f"{self.order.name}_{'DESC' if self.descending else 'ASC'}"

    def where(self, condition: str, *values: Any) -> "Listing":
        """This list restricted by a condition, in which each `?` stands for one of the values."""
        if any(isinstance(value, str) and "\0" in value for value in values):
            return self.where("1 = 0")  # PostgreSQL has no such text, so nothing can equal it
        pieces = condition.split("?")
        numbered = [f"${number}{piece}" for number, piece in enumerate(pieces[1:], len(self.parameters) + 1)]
        return replace(
            self,
            conditions=(*self.conditions, pieces[0] + "".join(numbered)),
            parameters=(*self.parameters, *values),
        )

    def where_in(self, column: str, values: Sequence[Any]) -> "Listing":
        """This list restricted to rows whose column has one of the values; empty if there are none."""
        places = ", ".join("?" * len(values))
        return self.where(f"{column} IN ({places})", *values) if values else self.where("1 = 0")

    def among(self, children: "Children") -> "Listing":
        """This list restricted to the rows of one parent."""
        return self.where(f"{children.column} = ?", children.parent_id)

    def count(self) -> str:
        """The SELECT of its number of rows, as `count`."""
        assert not self.lanes
        return f"SELECT count(*) AS count FROM {self.table} WHERE {' AND '.join(self.conditions)}"

    def statement(self, order: str, limit: int) -> str:
        """The SELECT of its first rows in this order."""
        if not self.lanes:
            return self._first_rows(self.conditions, order, limit)
        union = " UNION ALL ".join(
            f"SELECT * FROM ({self._first_rows((*self.conditions, lane), order, limit)}) AS lane{number}"
            for number, lane in enumerate(self.lanes)
        )
        return f"SELECT * FROM ({union}) AS found ORDER BY id {order} LIMIT {limit}"

    def _first_rows(self, conditions: Sequence[str], order: str, limit: int) -> str:
        where = " AND ".join(conditions)
        key, by = ("", "") if self.order is None else (f", {self.order.key} AS sort_key", f"{self.order.key} {order}, ")
        return f"SELECT {self.columns}{key} FROM {self.table} WHERE {where} ORDER BY {by}id {order} LIMIT {limit}"

    def beyond(self, comparison: str, subject_id: str, key: str | None) -> "Listing":
        """This list restricted to the rows on one side of a row, or at it."""
        if self.order is None or key is None:
            return self.where(f"id {comparison} ?", subject_id)
        return self.where(f"({self.order.key}, id) {comparison} (?, ?)", key, subject_id)


@dataclass(frozen=True, slots=True)
class Children:
    """A window of a list that belongs to one parent: the rows whose `column`, which is among those read, is its id."""

    listing: Listing
    window: Window
    column: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a window in list order, and whether the list continues at either end: known, or a query for it."""

    rows: Sequence[Row]
    has_next: bool | Probe
    has_previous: bool | Probe
    order: str | None = None

    def cursor(self, subject_id: str) -> str:
        """The cursor of one of the rows."""
        if self.order is None:
            return encode_cursor(subject_id)
        key = next(row["sort_key"] for row in self.rows if row["id"] == subject_id)
        return encode_cursor(subject_id, self.order, key)


async def fetch_page(statements: Statements, listing: Listing, asked: Window) -> Page:
    """Read one page of a list."""
    ahead, behind = ("<", ">") if listing.descending else (">", "<")
    page = listing
    if asked.after is not None:
        page = page.beyond(ahead, asked.after, asked.after_key)
    if asked.before is not None:
        page = page.beyond(behind, asked.before, asked.before_key)
    rows = await statements.fetch(page.statement(_order(listing, asked), asked.size + 1), *page.parameters)
    beyond_after = _probe(statements, listing, f"{behind}=", asked.after, asked.after_key)
    beyond_before = _probe(statements, listing, f"{ahead}=", asked.before, asked.before_key)
    return replace(_cut(rows, asked, beyond_after, beyond_before), order=listing.cursor_order)


async def fetch_pages(statements: Statements, asked: Sequence[Children]) -> list[Page]:
    """Read a page for each of many parents in as few statements as possible: one, if no cursors are given."""
    pages: dict[Children, Page] = {}
    groups: dict[tuple[Listing, Window, str], list[Children]] = defaultdict(list)
    for children in asked:
        if children.window.has_cursor:
            pages[children] = await fetch_page(statements, children.listing.among(children), children.window)
        else:
            groups[children.listing, children.window, children.column].append(children)
    for group in groups.values():
        pages |= await _fetch_group(statements, group)
    return [pages[children] for children in asked]


async def _fetch_group(statements: Statements, group: Sequence[Children]) -> dict[Children, Page]:
    listing, asked, column = group[0].listing, group[0].window, group[0].column
    order = _order(listing, asked)
    of_parent = replace(listing, conditions=(*listing.conditions, f"{column} = {PARENT}"))

    def first_rows(columns: str) -> str:
        return replace(of_parent, columns=columns).statement(order, asked.size + 1)

    statement = of_each_parent(statements.dialect, listing.table, listing.columns, first_rows)
    parents = [(children.parent_id,) for children in group]
    rows = await statements.fetch_rows(statement, PARENTS, parents, *listing.parameters)
    by_parent: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_parent[row[column]].append(row)
    for found in by_parent.values():  # SQL promises no order among the rows of all parents
        found.sort(key=itemgetter("id"), reverse=order == "DESC")
    return {children: _cut(by_parent[children.parent_id], asked) for children in group}


def _order(listing: Listing, asked: Window) -> str:
    return "DESC" if listing.descending is not asked.from_end else "ASC"


def _cut(
    rows: list[Row], asked: Window, beyond_after: bool | Probe = False, beyond_before: bool | Probe = False
) -> Page:
    """A page of the rows read from the requested end, with one more if there is one."""
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    if asked.from_end:
        return Page(rows[::-1], has_next=beyond_before, has_previous=more or beyond_after)
    return Page(rows, has_next=more or beyond_before, has_previous=beyond_after)


def _probe(
    statements: Statements, listing: Listing, comparison: str, cursor_id: str | None, key: str | None
) -> bool | Probe:
    """Whether the list has rows beyond a cursor, queried only if the client selects it."""
    if cursor_id is None:
        return False
    beyond = replace(listing, columns="id").beyond(comparison, cursor_id, key)

    async def exists() -> bool:
        return bool(await statements.fetch(beyond.statement("ASC", 1), *beyond.parameters))

    return exists
