"""Pages of lists: the statement that reads one, and whether the list continues beyond it. Knows no table."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Generic, TypeAlias

from app.database.batch import PARENT, PARENTS, of_each_parent
from app.database.database import Statements
from graph.cursors import Window, encode_cursor
from graph.rows import RowType, columns_of, row_of

# Rows that one page of a search looks at: about a tenth of a second, if it has to read the body of each event. The
# lists of many parents share them, or a hundred webhooks would take ten seconds.
MAX_LOOKED = 5_000
MIN_LOOKED = 50

Probe: TypeAlias = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Order:
    """An order other than by ID: `key` is SQL for text that is never null; equal keys are in the order of IDs. `name`
    and the direction are in the list's cursors."""

    name: str
    key: str


@dataclass(frozen=True, slots=True)
class Listing(Generic[RowType]):
    """A list: the rows of a table that meet all conditions, each read as a `row_type`, in the order of IDs or another.
    Equal listings have equal contents.
    """

    table: str
    row_type: type[RowType]
    descending: bool = True
    conditions: tuple[str, ...] = ()
    parameters: tuple[Any, ...] = ()
    # If there are any, a row must also meet one of these. They are read one by one, each along an index that begins
    # with it.
    lanes: tuple[str, ...] = ()
    order: Order | None = None
    # Conditions that no index answers. A page looks for them row by row, in at most `most_looked` rows.
    sought: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    # Searched lists that share `MAX_LOOKED`.
    searches: int = 1

    @property
    def most_looked(self) -> int:
        """Number of rows that a page of a search looks at."""
        return min(MAX_LOOKED, max(MIN_LOOKED, MAX_LOOKED // self.searches))

    @property
    def cursor_order(self) -> str | None:
        """The order that cursors contain; None for lists by ID, newest or oldest first."""
        return None if self.order is None else f"{self.order.name}_{'DESC' if self.descending else 'ASC'}"

    def where(self, condition: str, *values: Any) -> "Listing[RowType]":
        """This list restricted by a condition, in which each `?` stands for one of the values."""
        if any(isinstance(value, str) and "\0" in value for value in values):
            return self.where("1 = 0")  # PostgreSQL has no such text, so nothing can equal it
        text = _numbered(condition, len(self.parameters))
        return replace(self, conditions=(*self.conditions, text), parameters=(*self.parameters, *values))

    def where_sought(self, condition: str, *values: Any) -> "Listing[RowType]":
        """This list restricted by a condition that no index answers; written as with `where`."""
        if any(isinstance(value, str) and "\0" in value for value in values):
            return self.where("1 = 0")
        return replace(self, sought=(*self.sought, (condition, values)))

    @property
    def values(self) -> tuple[Any, ...]:
        """The parameters of its statements, those of what is sought behind the others."""
        return (*self.parameters, *(value for _, values in self.sought for value in values))

    def where_in(self, column: str, values: Sequence[Any]) -> "Listing[RowType]":
        """This list restricted to rows whose column has one of the values; empty if there are none."""
        places = ", ".join("?" * len(values))
        return self.where(f"{column} IN ({places})", *values) if values else self.where("1 = 0")

    def among(self, children: "Children[RowType]") -> "Listing[RowType]":
        """This list restricted to the rows of one parent."""
        return self.where(f"{children.column} = ?", children.parent_id)

    def count(self) -> str:
        """The SELECT of its number of rows, as `count`."""
        assert not self.lanes
        return f"SELECT count(*) AS count FROM {self.table} WHERE {' AND '.join(self.conditions)}"

    def count_up_to(self, limit: int) -> str:
        """The SELECT of its number of rows, as `count`, or of the limit if there are more."""
        rows = self.statement("DESC" if self.descending else "ASC", limit)
        return f"SELECT count(*) AS count FROM ({rows}) AS counted"

    def looked_at(self, order: str) -> str:
        """The SELECT of how many rows a search looks at in this order, `count`, and of the last of them, `last`."""
        furthest = "min" if order == "DESC" else "max"
        rows = replace(self, sought=()).statement(order, self.most_looked)
        return f"SELECT count(*) AS count, {furthest}(id) AS last FROM ({rows}) AS looked"

    def statement(self, order: str, limit: int, columns: str | None = None) -> str:
        """The SELECT of its first rows in this order, in a search among the first `most_looked`: of their columns, or
        only of these."""
        columns = columns or columns_of(self.row_type)
        if self.sought:
            rows = replace(self, sought=()).statement(order, self.most_looked)
            where = _numbered(" AND ".join(text for text, _ in self.sought), len(self.parameters))
            # No order of its own: a subquery with a limit is read in its order, up to the last row that is wanted,
            # while SQLite would first check the conditions on all of it.
            return f"SELECT {columns} FROM ({rows}) AS {self.table} WHERE {where} LIMIT {limit}"
        if not self.lanes:
            return self._first_rows(columns, self.conditions, order, limit)
        union = " UNION ALL ".join(
            f"SELECT * FROM ({self._first_rows(columns, (*self.conditions, lane), order, limit)}) AS lane{number}"
            for number, lane in enumerate(self.lanes)
        )
        return f"SELECT * FROM ({union}) AS found ORDER BY id {order} LIMIT {limit}"

    def _first_rows(self, columns: str, conditions: Sequence[str], order: str, limit: int) -> str:
        where = " AND ".join(conditions)
        key, by = ("", "") if self.order is None else (f", {self.order.key} AS sort_key", f"{self.order.key} {order}, ")
        return f"SELECT {columns}{key} FROM {self.table} WHERE {where} ORDER BY {by}id {order} LIMIT {limit}"

    def beyond(self, comparison: str, subject_id: str, key: str | None) -> "Listing[RowType]":
        """This list restricted to the rows on one side of a row, or at it."""
        if self.order is None or key is None:
            return self.where(f"id {comparison} ?", subject_id)
        return self.where(f"({self.order.key}, id) {comparison} (?, ?)", key, subject_id)


def _numbered(condition: str, taken: int) -> str:
    """A condition with its values numbered after `taken` others."""
    first, *rest = condition.split("?")
    return first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, taken + 1))


@dataclass(frozen=True, slots=True)
class Children(Generic[RowType]):
    """A window of a list that belongs to one parent: the rows whose `column`, which is among those read, is its id."""

    listing: Listing[RowType]
    window: Window
    column: str
    parent_id: str


@dataclass(frozen=True, slots=True)
class Page(Generic[RowType]):
    """The rows of a window in list order, and whether the list continues at either end: known, or a query for it.

    `order` is the list's own order, if it has one, and `sort_keys` what that compares, by ID.
    """

    rows: Sequence[RowType]
    has_next: bool | Probe
    has_previous: bool | Probe
    order: str | None = None
    sort_keys: Mapping[str, str] = field(default_factory=dict)
    # What was asked, to count it.
    listing: Listing[RowType] | None = None
    # The last row that a search looked at before it had all that the page could hold.
    stopped_at: str | None = None
    from_end: bool = False

    async def count(self, statements: Statements, limit: int) -> tuple[int, bool]:
        """The number of rows of the whole list, counted up to a limit, and whether that looked at all of them."""
        listing = self.listing
        assert listing is not None
        row = await statements.fetch_one(listing.count_up_to(limit), *listing.values)
        stopped_at = await _stopped_at(statements, listing, "DESC") if listing.sought else None
        return 0 if row is None else row["count"], stopped_at is None

    def cursor(self, subject_id: str) -> str:
        """The cursor of one of the rows."""
        if self.order is None:
            return encode_cursor(subject_id)
        return encode_cursor(subject_id, self.order, self.sort_keys[subject_id])


async def fetch_page(statements: Statements, listing: Listing[RowType], asked: Window) -> Page[RowType]:
    """Read one page of a list."""
    ahead, behind = ("<", ">") if listing.descending else (">", "<")
    page = listing
    if asked.after is not None:
        page = page.beyond(ahead, asked.after, asked.after_key)
    if asked.before is not None:
        page = page.beyond(behind, asked.before, asked.before_key)
    rows = await statements.fetch(page.statement(_order(listing, asked), asked.size + 1), *page.values)
    if listing.sought and len(rows) <= asked.size:
        stopped_at = await _stopped_at(statements, page, _order(listing, asked))
        if stopped_at is not None:
            return _stopped(listing, asked, [row_of(listing.row_type, row) for row in rows], stopped_at)
    beyond_after = _probe(statements, listing, f"{behind}=", asked.after, asked.after_key)
    beyond_before = _probe(statements, listing, f"{ahead}=", asked.before, asked.before_key)
    cut = _cut([row_of(listing.row_type, row) for row in rows], asked, beyond_after, beyond_before)
    if listing.order is None:
        return replace(cut, listing=listing)
    keys = {row["id"]: row["sort_key"] for row in rows}
    return replace(cut, order=listing.cursor_order, sort_keys=keys, listing=listing)


async def fetch_pages(statements: Statements, asked: Sequence[Children[Any]]) -> list[Page[Any]]:
    """Read a page for each of many parents in as few statements as possible: one, if no cursors are given and nothing
    is searched. Searches share the rows that one looks at."""
    pages: dict[Children[Any], Page[Any]] = {}
    groups: dict[tuple[Listing[Any], Window, str], list[Children[Any]]] = defaultdict(list)
    searches = sum(bool(children.listing.sought) for children in asked)
    for children in asked:
        if children.window.has_cursor or children.listing.sought:
            listing = replace(children.listing.among(children), searches=max(1, searches))
            pages[children] = await fetch_page(statements, listing, children.window)
        else:
            groups[children.listing, children.window, children.column].append(children)
    for group in groups.values():
        pages |= await _fetch_group(statements, group)
    return [pages[children] for children in asked]


async def _fetch_group(
    statements: Statements, group: Sequence[Children[RowType]]
) -> dict[Children[RowType], Page[RowType]]:
    listing, asked, column = group[0].listing, group[0].window, group[0].column
    order = _order(listing, asked)
    of_parent = replace(listing, conditions=(*listing.conditions, f"{column} = {PARENT}"))

    def first_rows(columns: str) -> str:
        return of_parent.statement(order, asked.size + 1, columns)

    statement = of_each_parent(statements.dialect, listing.table, columns_of(listing.row_type), first_rows)
    parents = [(children.parent_id,) for children in group]
    rows = await statements.fetch_rows(statement, PARENTS, parents, *listing.parameters)
    by_parent: dict[str, list[RowType]] = defaultdict(list)
    for row in rows:
        by_parent[row[column]].append(row_of(listing.row_type, row))
    for found in by_parent.values():  # SQL promises no order among the rows of all parents
        found.sort(key=attrgetter("id"), reverse=order == "DESC")
    return {
        children: replace(_cut(by_parent[children.parent_id], asked), listing=children.listing.among(children))
        for children in group
    }


async def _stopped_at(statements: Statements, page: Listing[Any], order: str) -> str | None:
    """The last row that a search looked at, if it looked at as many as it may."""
    row = await statements.fetch_one(page.looked_at(order), *page.parameters)
    return row["last"] if row is not None and row["count"] >= page.most_looked else None


def _stopped(listing: Listing[RowType], asked: Window, rows: list[RowType], stopped_at: str) -> Page[RowType]:
    """A page of a search that goes on from where it stopped."""
    if asked.from_end:
        return Page(rows[::-1], False, True, listing=listing, stopped_at=stopped_at, from_end=True)
    return Page(rows, True, asked.after is not None, listing=listing, stopped_at=stopped_at)


def _order(listing: Listing[Any], asked: Window) -> str:
    return "DESC" if listing.descending is not asked.from_end else "ASC"


def _cut(
    rows: list[RowType], asked: Window, beyond_after: bool | Probe = False, beyond_before: bool | Probe = False
) -> Page[RowType]:
    """A page of the rows read from the requested end, with one more if there is one."""
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    if asked.from_end:
        return Page(rows[::-1], has_next=beyond_before, has_previous=more or beyond_after)
    return Page(rows, has_next=more or beyond_before, has_previous=beyond_after)


def _probe(
    statements: Statements, listing: Listing[Any], comparison: str, cursor_id: str | None, key: str | None
) -> bool | Probe:
    """Whether the list has rows beyond a cursor, queried only if the client selects it. Of a search, whether there is
    anything beyond that it could look at."""
    if cursor_id is None:
        return False
    beyond = replace(listing, sought=()).beyond(comparison, cursor_id, key)

    async def exists() -> bool:
        return bool(await statements.fetch(beyond.statement("ASC", 1, "id"), *beyond.parameters))

    return exists
