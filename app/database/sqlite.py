"""Tortoise's SQLite client with the two habits a server needs: transactions that begin IMMEDIATE, and durable commits.

SQLite begins transactions deferred, so two writers that both read first end in "database is locked"; taking the write
lock at the beginning makes the second one wait instead (https://sqlite.org/lang_transaction.html).
"""

import sqlite3
from typing import Any

import aiosqlite
from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import SqliteClient, SqliteTransactionContext, SqliteTransactionWrapper
from tortoise.exceptions import TransactionManagementError

# How long a statement waits for another process that is writing. Such a process is a command, done in no time.
BUSY_TIMEOUT_MS = 10_000
PRAGMAS = {
    "journal_mode": "WAL",
    # FULL: a commit that was acknowledged survives the loss of power, not only of the process.
    "synchronous": "FULL",
    "busy_timeout": BUSY_TIMEOUT_MS,
    "foreign_keys": "ON",
    "temp_store": "MEMORY",
    # KiB. After a transaction that has split pages SQLite goes through its whole cache, so a big one costs every commit
    # some milliseconds; what finds no place in it is in the operating system's.
    "cache_size": -8_000,
    "journal_size_limit": 64 * 1024 * 1024,
}


class ImmediateTransaction(SqliteTransactionWrapper):
    """A transaction that holds SQLite's write lock from its first statement on."""

    async def begin(self) -> None:
        """Take the write lock, waiting at most `busy_timeout` for another process to give it up."""
        try:
            await self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise TransactionManagementError(error) from error


class DurableSqliteClient(SqliteClient):
    """One connection to one file, in WAL mode with synchronous=FULL."""

    def __init__(self, file_path: str, **kwargs: Any) -> None:
        super().__init__(file_path, **{**PRAGMAS, **kwargs})
        # Until when (`time.monotonic`) no statement runs on the event loop: see `app.database.sqlite_statements`.
        self.in_thread_until = 0.0

    async def create_connection(self, with_db: bool) -> None:  # noqa: ARG002 - Tortoise's own
        """Open the file as Tortoise does, but for use by the event loop beside the connection's own thread."""
        if self._connection is not None:
            return
        self._connection = await aiosqlite.connect(self.filename, isolation_level=None, check_same_thread=False)
        self._connection._conn.row_factory = sqlite3.Row
        for pragma, value in self.pragmas.items():
            await self._connection.execute_fetchall(f"PRAGMA {pragma}={value}")
        await self._post_connect()

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(ImmediateTransaction(self), self._lock)


client_class = DurableSqliteClient
