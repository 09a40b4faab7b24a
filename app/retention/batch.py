"""Deletes rows by ID, in short transactions that never wait for a lock.

Rows that another process prunes or changes at the same time are skipped, and found again in the next round. SQLite has
one writer at a time, and a transaction is that writer.
"""

from collections.abc import Sequence
from typing import NamedTuple

from app.database.batch import IDS, Dialect, among
from app.database.database import Database, Statements

# Milliseconds of work: its locks hold up nobody, and its commit is small.
BATCH = 1_000


class Old(NamedTuple):
    """A row old enough to be looked at; `over`: it may be deleted."""

    id: str
    over: bool


def skip_locked(dialect: Dialect) -> str:
    """The end of a SELECT that locks rows for deletion and skips rows that others have locked."""
    return " FOR UPDATE SKIP LOCKED" if dialect == "postgres" else ""


async def delete_rows(database: Database, table: str, ids: Sequence[str]) -> int:
    """Delete the rows with these IDs, except locked ones; return how many were deleted."""
    if not ids:
        return 0
    lock = f"SELECT id FROM {table} WHERE id {among(database.dialect)}{skip_locked(database.dialect)}"
    async with database.transaction() as statements:
        held = await statements.fetch_rows(lock, IDS, [(id_,) for id_ in ids])
        return await delete_held(statements, table, "id", [row["id"] for row in held])


async def delete_held(statements: Statements, table: str, column: str, values: Sequence[str]) -> int:
    """Delete the rows with one of these values in a column; return how many. The caller must hold locks on them."""
    text = f"DELETE FROM {table} WHERE {column} {among(statements.dialect)} RETURNING id"
    return len(await statements.fetch_rows(text, IDS, [(value,) for value in values])) if values else 0
