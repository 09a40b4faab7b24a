"""Tortoise's SQLite client with what a server needs: transactions that begin IMMEDIATE, durable commits, and reads that
hold up no writes.

SQLite begins transactions deferred, so two writers that both read first end in "database is locked". Taking the write
lock at the beginning makes the second one wait instead (https://sqlite.org/lang_transaction.html).
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

import aiosqlite
from tortoise.backends.base.client import ConnectionWrapper, TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import TransactionManagementError

_Result = TypeVar("_Result")

# How long a statement waits for another writing process. Such a process is a command and finishes quickly.
BUSY_TIMEOUT_MS = 10_000
PRAGMAS: dict[str, str | int] = {
    "journal_mode": "WAL",
    # FULL: an acknowledged commit survives the loss of power, not only of the process.
    "synchronous": "FULL",
    "busy_timeout": BUSY_TIMEOUT_MS,
    "foreign_keys": "ON",
    "temp_store": "MEMORY",
    # KiB. After a transaction that has split pages, SQLite goes through its whole cache, so a big cache costs every
    # commit some milliseconds. Pages that do not fit are in the operating system's cache.
    "cache_size": -8_000,
    "journal_size_limit": 64 * 1024 * 1024,
    # FAST: what is removed from a page that is written anyway is overwritten, at no cost in I/O. Otherwise earlier
    # versions of rows, and entries of indexes, would stay in the file after their data was erased.
    "secure_delete": "FAST",
    # From this many pages in the log, a commit itself checkpoints while everybody waits. That is rare: see `Log`.
    "wal_autocheckpoint": 4_000,
}

# The log is checkpointed after this many written rows: some 1,500 pages. A commit counts as several rows, because it
# adds at least that many pages.
CHECKPOINT_ROWS = 1_000
ROWS_OF_A_COMMIT = 8

TRUNCATE_TIMEOUT_MS = 100
TRUNCATE_TRIES = 5

# A long read holds up the short ones behind it on its connection, so there is a second connection.
READERS = 2
# A reading connection drops its cached pages whenever others have written.
_READING: dict[str, str | int] = {"query_only": "ON", "cache_size": -2_000}


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that holds SQLite's write lock from its first statement."""

    async def begin(self) -> None:
        """Take the write lock, waiting at most `busy_timeout` for another process to give it up."""
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error


class _Acquired(ConnectionWrapper[aiosqlite.Connection]):
    """The connection under its lock. Tortoise (1.1.9) never releases the lock if the file cannot be opened, and
    releases it while the thread is still busy if the caller is canceled.
    """

    async def __aenter__(self) -> aiosqlite.Connection:
        try:
            return await super().__aenter__()
        except Exception:
            self._lock.release()
            raise

    async def __aexit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> None:
        if kind is not asyncio.CancelledError:
            await super().__aexit__(kind, error, trace)
            return
        in_thread(self.connection, lambda _: None).add_done_callback(lambda _: self._lock.release())


class Reader:
    """A connection that only reads, and the number of answers it still owes."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self.connection = connection
        self.unfinished = 0

    def expect(self, answer: "asyncio.Future[Any]") -> None:
        """Count a query as unfinished until its answer is there, even if no caller waits for it any longer."""
        self.unfinished += 1
        answer.add_done_callback(self._finished)

    def _finished(self, answer: "asyncio.Future[Any]") -> None:
        self.unfinished -= 1
        if not answer.cancelled():
            answer.exception()  # If the caller is gone, nobody else has looked at it.


class Log:
    """Checkpoints SQLite's write-ahead log (moves it into the file) beside the commits, on a connection of its own.

    SQLite itself does so within a commit whenever the log has grown long, and that commit takes ten times as long.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self.connection = connection
        self.checkpoint: asyncio.Future[None] | None = None
        self._changes_before = 0
        self._commits = 0

    def committed(self, changes: int) -> None:
        """Count a commit, and begin a checkpoint if enough was written.

        Args:
            changes: how many rows its connection has written so far (`total_changes`).
        """
        self._commits += 1
        rows = changes - self._changes_before + ROWS_OF_A_COMMIT * self._commits
        if rows >= CHECKPOINT_ROWS and (self.checkpoint is None or self.checkpoint.done()):
            self._changes_before, self._commits = changes, 0
            self.checkpoint = in_thread(self.connection, _checkpoint)


def _checkpoint(connection: sqlite3.Connection) -> None:
    # PASSIVE: as far as possible without waiting. If it fails, the log grows until a later one succeeds.
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def _truncate(connection: sqlite3.Connection) -> None:
    """TRUNCATE: waits for reads and writes to end. Writes wait meanwhile, so it gives up soon."""
    connection.execute(f"PRAGMA busy_timeout = {TRUNCATE_TIMEOUT_MS}")
    try:
        for _ in range(TRUNCATE_TRIES):
            with suppress(sqlite3.OperationalError):
                [(busy, *_)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                if not busy:
                    return
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


class DurableSqliteClient(SqliteClient):
    """A connection to a file, in WAL mode with synchronous=FULL, some that only read it, and one for its log."""

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **{**PRAGMAS, **kwargs})
        # Until when (`time.monotonic`) no statement runs on the event loop: see `app.database.sqlite_statements`.
        self.in_thread_until = 0.0
        self.readers: list[Reader] = []
        self.wal: Log | None = None

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002 - Tortoise's own
        """Open the file as Tortoise does, but let the event loop use it beside the connection's own thread."""
        if self._connection is not None:
            return
        self._connection = await self._opened(self.pragmas)
        for _ in range(READERS):  # each is noted at once, because it must be closed if the next one fails
            self.readers.append(Reader(await self._opened({**self.pragmas, **_READING})))
        self.wal = Log(await self._opened({**self.pragmas, **_READING}))
        await self._post_connect()

    async def close(self) -> None:
        """Close all connections after their pending work."""
        beside = [reader.connection for reader in self.readers] + ([self.wal.connection] if self.wal else [])
        self.readers, self.wal = [], None
        try:
            for connection in beside:
                await connection.close()
        finally:
            await super().close()

    async def empty_log(self) -> None:
        """Empty the log, unless long reads are in the way."""
        if self.wal is not None:
            await asyncio.shield(in_thread(self.wal.connection, _truncate))

    def acquire_connection(self) -> ConnectionWrapper[aiosqlite.Connection]:
        """The connection that writes, for Tortoise's statements."""
        return _Acquired(self._lock, self)

    async def _opened(self, pragmas: Mapping[str, str | int]) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self.filename, isolation_level=None, check_same_thread=False)
        try:
            connection._conn.row_factory = sqlite3.Row
            for pragma, value in pragmas.items():
                await connection.execute_fetchall(f"PRAGMA {pragma}={value}")
        except BaseException:
            await connection.close()  # Its thread would keep the process from ending.
            raise
        return connection

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)


def in_thread(
    connection: aiosqlite.Connection | None, job: Callable[[sqlite3.Connection], _Result]
) -> "asyncio.Future[_Result]":
    """Run a job in a connection's thread, after its pending work.

    Raises:
        ConnectionError: the connection is closed.
    """
    threaded = opened(connection)
    future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
    threaded._tx.put_nowait((future, lambda: job(threaded._conn)))
    return future


def opened(connection: aiosqlite.Connection | None) -> aiosqlite.Connection:
    """The connection, which must be open.

    Raises:
        ConnectionError: it is not.
    """
    if connection is None or not connection._running:
        raise ConnectionError("the connection is closed")
    return connection


client_class = DurableSqliteClient
