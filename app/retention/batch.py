"""Deletes rows by their ids, in short transactions that never wait for anybody's lock.

Whoever prunes the same rows at the same time, or is changing one of them, is stepped around: what is left over now is
found again in the next round. SQLite has one writer at a time, and a transaction is it.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.database.batch import Columns, Dialect
from app.database.database import Database, Statements

# Milliseconds of work: its locks hold up nobody, and its commit weighs little.
BATCH = 1_000

IDS: Columns = (("id", "text"),)


class Old(NamedTuple):
    """A row that was made long ago; `over`: it may be forgotten."""

    id: str
    over: bool


def among(dialect: Dialect) -> str:
    """What follows a column that is to have one of the ids in `{rows}`.

    As an array: PostgreSQL has no statistics of a table that grew from nothing in minutes, and would read all of it.
    """
    return "= ANY (ARRAY(SELECT id FROM {rows} AS given))" if dialect == "postgres" else "IN (SELECT id FROM {rows})"


def skip_locked(dialect: Dialect) -> str:
    """What a SELECT ends in that locks rows for deletion and leaves out those that others have locked."""
    return " FOR UPDATE SKIP LOCKED" if dialect == "postgres" else ""


async def delete_rows(database: Database, table: str, ids: Sequence[str]) -> int:
    """Delete the rows with these ids, all but those that somebody holds; returns how many."""
    if not ids:
        return 0
    lock = f"SELECT id FROM {table} WHERE id {among(database.dialect)}{skip_locked(database.dialect)}"
    async with database.transaction() as statements:
        held = await statements.fetch_rows(lock, IDS, [(id_,) for id_ in ids])
        return await delete_held(statements, table, "id", [row["id"] for row in held])


async def delete_held(statements: Statements, table: str, column: str, values: Sequence[str]) -> int:
    """Delete the rows that have one of these values in a column; returns how many. Nobody else may be at them."""
    text = f"DELETE FROM {table} WHERE {column} {among(statements.dialect)} RETURNING id"
    return len(await statements.fetch_rows(text, IDS, [(value,) for value in values])) if values else 0
