"""Runs statements, and whole transactions of them, in the thread that owns the SQLite connection.

Going there and back costs more than a small statement does, and each time the loop has to come round; so a transaction
goes there once. The code in it is the same `async def` that PostgreSQL awaits step by step: here no step waits.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from tortoise.backends.sqlite.client import SqliteClient

from app.database.batch import Columns, for_one_row, in_dialect
from app.database.statements import Row, Statements, Work

_Result = TypeVar("_Result")


class InThread(Statements):
    """Runs statements right where it is called, which is the connection's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        # Without an ORM, which knows only how to wait.
        self.dialect = "sqlite"
        self._connection = connection

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement and return its rows."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        cursor.execute(in_dialect("sqlite", statement), parameters)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    async def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement and return how many rows it touched."""
        before = self._connection.total_changes
        rows = self._connection.execute(in_dialect("sqlite", statement), parameters).fetchall()
        return (self._connection.total_changes - before) or len(rows)

    async def write_rows(
        self, statement: str, columns: Columns, rows: Sequence[Sequence[Any]], *parameters: Any
    ) -> int:
        """Run an INSERT, UPDATE or DELETE for one row after the other; return how many it touched."""
        before = self._connection.total_changes
        text = for_one_row(statement, columns, len(parameters))
        self._connection.executemany(text, [(*parameters, *row) for row in rows] if parameters else rows)
        return self._connection.total_changes - before


async def alone(client: SqliteClient, work: Work[_Result]) -> _Result:
    """Run statements in the connection's thread, each for itself."""
    return await _in_its_turn(client, lambda connection: _without_waiting(work(InThread(connection))))


async def together(client: SqliteClient, work: Work[_Result]) -> _Result:
    """Run statements in the connection's thread as one transaction.

    A caller that is cancelled stops waiting; the transaction is committed all the same.
    """
    return await _in_its_turn(client, partial(_transaction, work))


async def _in_its_turn(client: SqliteClient, job: Callable[[sqlite3.Connection], _Result]) -> _Result:
    future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
    # The thread takes one job after the other, so the lock, which keeps this one out of the middle of a transaction of
    # several jobs, may go as soon as it stands in the queue.
    async with client._lock:
        connection = client._connection
        if connection is None or not connection._running:
            raise ConnectionError("the connection is closed")
        connection._tx.put_nowait((future, partial(job, connection._conn)))
    return await future


def _transaction(work: Work[_Result], connection: sqlite3.Connection) -> _Result:
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = _without_waiting(work(InThread(connection)))
        connection.commit()
    except BaseException:
        with suppress(sqlite3.Error):
            connection.rollback()
        raise
    return result


def _without_waiting(work: Coroutine[Any, Any, _Result]) -> _Result:
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    work.close()
    raise RuntimeError("Between the statements of a transaction nothing may be awaited.")
