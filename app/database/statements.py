"""Runs SQL statements on the pool, in a transaction, or directly on a driver."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from operator import itemgetter
from typing import Any, TypeAlias, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient

from app.database.batch import Columns, Dialect, in_dialect, rows_parameters, with_rows
from app.database.errors import NotAllTouched, in_own_words

Row = dict[str, Any]
# A statement for `write_rows`, its columns and its rows.
Write: TypeAlias = tuple[str, Columns, Sequence[Sequence[Any]]]
_Result = TypeVar("_Result")


class Statements:
    """Runs statements on one Tortoise client: the pool (each alone) or a transaction (all or none)."""

    def __init__(self, client: BaseDBAsyncClient, dialect: Dialect) -> None:
        self.orm = client
        self.dialect = dialect

    # Work for the end of the transaction, created when there is some.
    _last: "list[tuple[str, Callable[[Statements], Awaitable[None]]]] | None" = None

    def before_commit(self, order: str, work: "Callable[[Statements], Awaitable[None]]") -> None:
        """Have statements run as the last ones of this transaction, in it.

        For rows that many transactions write: their locks are held for as short a time as possible, and behind all
        others, so that no transaction waits for anything while it holds them, except for the next in this order.

        Args:
            order: works run in the order of these texts, and those with the same text in the order of the calls.
        """
        if self._last is None:
            self._last = []
        self._last.append((order, work))

    async def finish(self) -> None:
        """Run what `before_commit` was given. Called once, by what commits."""
        for _, work in sorted(self._last or (), key=itemgetter(0)):
            await work(self)

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement and return its rows; also for INSERT, UPDATE and DELETE … RETURNING."""
        return await translated(self.orm.execute_query_dict(in_dialect(self.dialect, statement), list(parameters)))

    async def fetch_one(self, statement: str, *parameters: Any) -> Row | None:
        """Run a statement and return its first row, or None."""
        rows = await self.fetch(statement, *parameters)
        return rows[0] if rows else None

    async def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement and return how many rows it touched."""
        count, _ = await translated(self.orm.execute_query(in_dialect(self.dialect, statement), list(parameters)))
        return count

    async def fetch_rows(
        self, statement: str, columns: Columns, rows: Sequence[Sequence[Any]], *parameters: Any
    ) -> list[Row]:
        """Run a statement over a batch of rows, which it refers to as `{rows}`, and return its result rows."""
        text = with_rows(self.dialect, statement, columns, len(parameters))
        return await self.fetch(text, *parameters, *rows_parameters(self.dialect, columns, rows))

    async def write_rows(
        self, statement: str, columns: Columns, rows: Sequence[Sequence[Any]], *parameters: Any
    ) -> int:
        """Run an INSERT, UPDATE or DELETE over a batch of rows; return how many rows it touched.

        The statement uses `FROM {rows} AS new` and `new.column`, and treats every row independently, because SQLite may
        run it once for each.
        """
        text = with_rows(self.dialect, statement, columns, len(parameters))
        return await self.execute(text, *parameters, *rows_parameters(self.dialect, columns, rows))

    async def write_all(self, *writes: Write) -> None:
        """Run independent writes, each of which must touch all its rows. A SELECT among them must find a row for each
        of its own rows.

        Raises:
            NotAllTouched: a write touched fewer rows; the caller must roll this transaction back.
        """
        for statement, columns, rows in writes:
            if statement.startswith("SELECT"):
                touched = len(await self.fetch_rows(statement, columns, rows))
            else:
                touched = await self.write_rows(statement, columns, rows)
            if touched < len(rows):
                raise NotAllTouched


Work: TypeAlias = Callable[[Statements], Coroutine[Any, Any, _Result]]


def to_the_end(work: Work[_Result]) -> Work[_Result]:
    """The same work as a whole transaction, with what its parts left for its end."""

    async def whole(statements: Statements) -> _Result:
        result = await work(statements)
        await statements.finish()
        return result

    return whole


async def translated(work: Awaitable[_Result]) -> _Result:
    """Await work; translate its errors into the product's own."""
    try:
        return await work
    except Exception as error:
        raise in_own_words(error) from error
