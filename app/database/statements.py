"""Runs SQL statements, whatever runs them: the pool, a transaction, one of the drivers itself."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeAlias, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient

from app.database.batch import Columns, Dialect, in_dialect, rows_parameters, with_rows
from app.database.errors import NotAllTouched, in_own_words

Row = dict[str, Any]
# A statement as `write_rows` takes it, its columns and its rows.
Write: TypeAlias = tuple[str, Columns, Sequence[Sequence[Any]]]
_Result = TypeVar("_Result")


class Statements:
    """Runs statements on one Tortoise client: the pool (each alone) or a transaction (all or none)."""

    def __init__(self, client: BaseDBAsyncClient, dialect: Dialect) -> None:
        self.orm = client
        self.dialect = dialect

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
        """Run a statement over a batch of rows, which it names `{rows}`, and return what it returns."""
        text = with_rows(self.dialect, statement, columns, len(parameters))
        return await self.fetch(text, *parameters, *rows_parameters(self.dialect, columns, rows))

    async def write_rows(
        self, statement: str, columns: Columns, rows: Sequence[Sequence[Any]], *parameters: Any
    ) -> int:
        """Run an INSERT, UPDATE or DELETE over a batch of rows; return how many it touched.

        The statement says `FROM {rows} AS new` and `new.column`, and treats every row by itself: SQLite may run it
        once for each.
        """
        text = with_rows(self.dialect, statement, columns, len(parameters))
        return await self.execute(text, *parameters, *rows_parameters(self.dialect, columns, rows))

    async def write_all(self, *writes: Write) -> None:
        """Run writes that do not depend on each other, each of which is to touch all its rows; among them a SELECT that
        is to find a row for each of its own.

        Raises:
            NotAllTouched: one touched fewer; this transaction is to be undone.
        """
        for statement, columns, rows in writes:
            if statement.startswith("SELECT"):
                touched = len(await self.fetch_rows(statement, columns, rows))
            else:
                touched = await self.write_rows(statement, columns, rows)
            if touched < len(rows):
                raise NotAllTouched


Work: TypeAlias = Callable[[Statements], Coroutine[Any, Any, _Result]]


async def translated(work: Awaitable[_Result]) -> _Result:
    """What the work returns; what it raises, in the product's own words."""
    try:
        return await work
    except Exception as error:
        raise in_own_words(error) from error
