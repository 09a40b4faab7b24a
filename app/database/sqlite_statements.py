"""Runs statements, and whole transactions of them, on a SQLite connection.

A connection has a thread, in which Tortoise runs each statement. What is done often does not go there: its statements
take microseconds and hold the interpreter most of that time, and two threads that want it spend more on taking turns
than on the statements. So a hot transaction runs right here, on the event loop, as long as that is quick; only its
commit, which waits for the disk, goes to the thread.

While a statement runs in the thread, another one on the same connection would wait for it, and the loop with that. So
the lock is held meanwhile; and what only reads, which may take seconds, has connections and threads of its own.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from operator import attrgetter
from time import monotonic
from typing import Any, TypeVar

from app.database.batch import Columns, for_one_row, in_dialect
from app.database.sqlite import BUSY_TIMEOUT_MS, DurableSqliteClient, in_thread, opened
from app.database.statements import Row, Statements, Work

_Result = TypeVar("_Result")

# What a hot transaction touches was touched a moment ago, and is in memory. Statements that take longer than this had
# to read the disk, or were too many: that the loop is not held up again, the next ones run in the thread for a while.
SLOW_SECONDS = 0.05
IN_THREAD_SECONDS = 60.0
# How long the thread is given to begin a commit: ten times what it takes, should it be busy with something else.
BEGIN_SECONDS = 0.001
# So many rows are sure to take long.
MANY_ROWS = 2_000


class SqliteConnection(Statements):
    """Runs statements right where it is called."""

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


async def read(client: DurableSqliteClient, work: Work[_Result]) -> _Result:
    """Run statements that only read, beside whatever is written; they see what was committed before they began."""
    if not client.readers:
        raise ConnectionError("the connection is closed")
    reader = min(client.readers, key=attrgetter("unfinished"))
    rows = in_thread(reader.connection, partial(_run, work))
    reader.expect(rows)
    return await asyncio.shield(rows)


async def autocommit(client: DurableSqliteClient, work: Work[_Result]) -> _Result:
    """Run statements in the connection's thread, each in a transaction of its own.

    A caller that is cancelled stops waiting; they are run all the same.
    """
    return await asyncio.shield(asyncio.create_task(_autocommit(client, work)))


async def _autocommit(client: DurableSqliteClient, work: Work[_Result]) -> _Result:
    async with client._lock:
        return await in_thread(client._connection, partial(_run, work))


async def begin_commit(
    client: DurableSqliteClient, work: Work[_Result], rows: int
) -> "tuple[_Result, asyncio.Future[None]]":
    """Run statements that write about so many rows as one transaction, and begin to commit it; return what they came
    to, and the commit, which only a shield may await.

    A caller that is cancelled stops waiting; the transaction is committed all the same.
    """
    return await asyncio.shield(asyncio.create_task(_begin_commit(client, work, rows)))


async def _begin_commit(
    client: DurableSqliteClient, work: Work[_Result], rows: int
) -> "tuple[_Result, asyncio.Future[None]]":
    await client._lock.acquire()
    try:
        connection = await _begin(client)
        try:
            if rows < MANY_ROWS and monotonic() >= client.in_thread_until:
                result = _run_on_the_loop(client, work, connection)
            else:
                result = await in_thread(client._connection, partial(_run, work))
            committed = _commit(client)
        except BaseException:
            _undo(connection)
            raise
    except BaseException:
        client._lock.release()
        raise
    committed.add_done_callback(partial(_ended, client, connection))
    return result, committed


def _ended(client: DurableSqliteClient, connection: sqlite3.Connection, committed: "asyncio.Future[None]") -> None:
    if committed.cancelled() or committed.exception() is not None:
        _undo(connection)
    elif client.wal is not None:
        client.wal.committed(connection.total_changes)
    client._lock.release()


def _undo(connection: sqlite3.Connection) -> None:
    with suppress(sqlite3.Error):
        connection.rollback()


def _commit(client: DurableSqliteClient) -> "asyncio.Future[None]":
    """Have the thread commit, and let it begin before anything else is done here.

    For that it needs the interpreter, which a busy loop gives up only after Python's switch interval, 5 ms. By then it
    may have nothing left to do but wait for the commit.
    """
    begun = threading.Lock()
    begun.acquire()

    def commit(connection: sqlite3.Connection) -> None:
        begun.release()
        connection.commit()

    future = in_thread(client._connection, commit)
    begun.acquire(timeout=BEGIN_SECONDS)
    return future


def _run_on_the_loop(client: DurableSqliteClient, work: Work[_Result], connection: sqlite3.Connection) -> _Result:
    began = monotonic()
    try:
        return _run(work, connection)
    finally:
        if (ended := monotonic()) - began > SLOW_SECONDS:
            client.in_thread_until = ended + IN_THREAD_SECONDS


async def _begin(client: DurableSqliteClient) -> sqlite3.Connection:
    """Take the write lock: at once, or where another process has it, in the thread, which can wait for it."""
    connection = opened(client._connection)._conn
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # without the reason in its upper bits
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    if not connection.in_transaction:
        await in_thread(client._connection, lambda connection: connection.execute("BEGIN IMMEDIATE"))
    return connection


def _run(work: Work[_Result], connection: sqlite3.Connection) -> _Result:
    """Run work to its end, without waiting."""
    running = work(SqliteConnection(connection))
    try:
        running.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    running.close()
    raise RuntimeError("Between the statements of a transaction nothing may be awaited.")
