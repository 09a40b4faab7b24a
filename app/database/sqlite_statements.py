"""Runs statements, and whole transactions of them, on a SQLite connection.

A connection has a thread, in which Tortoise runs each statement. Hot transactions do not go there: their statements
take microseconds and hold the interpreter most of that time, and two threads that both want it spend more on taking
turns than on the statements. A hot transaction therefore runs here, on the event loop, as long as that is quick. Only
its commit, which waits for the disk, goes to the thread.

While a statement runs in the thread, another one on the same connection would wait for it and block the loop. The lock
is therefore held meanwhile. Statements that only read, which may take seconds, have connections and threads of their
own.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from functools import partial
from operator import attrgetter
from time import monotonic
from typing import Any, TypeVar

from app.database.batch import Columns, for_one_row, in_dialect
from app.database.sqlite import BUSY_TIMEOUT_MS, DurableSqliteClient, in_thread, opened
from app.database.statements import Row, Statements, Work

_Result = TypeVar("_Result")

# A hot transaction touches pages that were touched a moment ago and are in memory. Statements that take longer than
# this had to read the disk, or were too many. The next ones then run in the thread for a while, so that the loop is not
# blocked again.
SLOW_SECONDS = 0.05
IN_THREAD_SECONDS = 60.0
# How long the loop waits for the thread to begin a commit: ten times what that takes, in case the thread is busy.
BEGIN_SECONDS = 0.001
# Of SQLite's virtual machine, between two looks at the clock: about a millisecond.
INSTRUCTIONS_BETWEEN_LOOKS = 50_000
# This many rows are sure to take long.
MANY_ROWS = 2_000


class SqliteConnection(Statements):
    """Runs statements directly, in the thread that calls it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        # Without an ORM, which would need to be awaited.
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
        """Run an INSERT, UPDATE or DELETE row by row; return how many rows it touched."""
        before = self._connection.total_changes
        text = for_one_row(statement, columns, len(parameters))
        self._connection.executemany(text, [(*parameters, *row) for row in rows] if parameters else rows)
        return self._connection.total_changes - before


async def read(client: DurableSqliteClient, work: Work[_Result], *, seconds: float | None = None) -> _Result:
    """Run statements that only read, beside any writes; they see what was committed before they began.

    Args:
        seconds: after which they are interrupted, counted from when they begin.
    """
    if not client.readers:
        raise ConnectionError("the connection is closed")
    reader = min(client.readers, key=attrgetter("unfinished"))
    rows = in_thread(
        reader.connection, partial(_run, work) if seconds is None else partial(_run_in_time, work, seconds)
    )
    reader.expect(rows)
    return await asyncio.shield(rows)


async def autocommit(client: DurableSqliteClient, work: Work[_Result]) -> _Result:
    """Run statements in the connection's thread, each in its own transaction.

    A caller that is canceled stops waiting; the statements run all the same.
    """
    return await _to_its_end(_autocommit(client, work))


def _to_its_end(running: Coroutine[Any, Any, _Result]) -> "asyncio.Future[_Result]":
    """Run to its end, also if the caller is canceled, who then does not hear of an error."""
    task = asyncio.create_task(running)
    task.add_done_callback(_heard)
    return asyncio.shield(task)


def _heard(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled():
        task.exception()  # Otherwise asyncio would log it as one that nobody retrieved.


async def _autocommit(client: DurableSqliteClient, work: Work[_Result]) -> _Result:
    async with client._lock:
        return await in_thread(client._connection, partial(_run, work))


async def begin_commit(
    client: DurableSqliteClient, work: Work[_Result], rows: int
) -> "tuple[_Result, asyncio.Future[None]]":
    """Run statements that write about `rows` rows as one transaction, and begin to commit it. Return their result and
    the commit, which may only be awaited through a shield.

    A caller that is canceled stops waiting; the transaction is committed all the same.
    """
    return await _to_its_end(_begin_commit(client, work, rows))


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
    """Have the thread commit, and let it begin before the loop does anything else.

    The thread needs the interpreter for that. A busy loop gives it up only after Python's switch interval, 5 ms, and by
    then the loop may have nothing left to do but wait for the commit.
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
    """Take the write lock: at once, or, if another process has it, in the thread, which can wait for it."""
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


def _run_in_time(work: Work[_Result], seconds: float, connection: sqlite3.Connection) -> _Result:
    ends = monotonic() + seconds
    connection.set_progress_handler(lambda: monotonic() > ends, INSTRUCTIONS_BETWEEN_LOOKS)
    try:
        return _run(work, connection)
    finally:
        connection.set_progress_handler(None, 0)


def _run(work: Work[_Result], connection: sqlite3.Connection) -> _Result:
    """Run work to its end without waiting."""
    running = work(SqliteConnection(connection))
    try:
        running.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    running.close()
    raise RuntimeError("Between the statements of a transaction nothing may be awaited.")
