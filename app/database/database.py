"""Opens the database and runs statements, alone or in a transaction.

Transactions are explicit objects rather than Tortoise's context variable, so that a task which is cancelled while one
begins or ends always gives its connection back (Tortoise 1.1.9 keeps it for ever), and so that the reader sees which
statements belong together. Statements number their parameters `$1`, `$2`, … on both databases.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.backends.sqlite.client import SqliteClient
from tortoise.context import TortoiseContext, get_current_context
from tortoise.exceptions import IntegrityError, TransactionManagementError

from app.database.batch import Columns, Dialect, in_dialect, rows_parameters, with_rows
from app.database.errors import DatabaseUnavailable, UniqueViolation, in_own_words
from app.database.postgres import TranslatingTransaction
from app.database.sqlite import ImmediateTransaction

Row = dict[str, Any]
_Result = TypeVar("_Result")

STATEMENT_TIMEOUT_SECONDS = 30.0


class Statements:
    """Runs statements on one Tortoise client: the pool (each alone) or a transaction (all or none)."""

    def __init__(self, client: BaseDBAsyncClient, dialect: Dialect) -> None:
        self.orm = client
        self.dialect = dialect

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement and return its rows; also for INSERT, UPDATE and DELETE … RETURNING."""
        return await _translated(self.orm.execute_query_dict(in_dialect(self.dialect, statement), list(parameters)))

    async def fetch_one(self, statement: str, *parameters: Any) -> Row | None:
        """Run a statement and return its first row, or None."""
        rows = await self.fetch(statement, *parameters)
        return rows[0] if rows else None

    async def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement and return how many rows it touched."""
        count, _ = await _translated(self.orm.execute_query(in_dialect(self.dialect, statement), list(parameters)))
        return count

    async def fetch_rows(
        self, statement: str, columns: Columns, rows: Sequence[Sequence[Any]], *parameters: Any
    ) -> list[Row]:
        """Run a statement over a batch of rows, which it names `{rows}`, and return what it returns."""
        text = with_rows(self.dialect, statement, columns, len(parameters))
        return await self.fetch(text, *parameters, *rows_parameters(self.dialect, columns, rows))


class Database(Statements):
    """The open database. Use it in `async with`; every process has one."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._pool_size = pool_size
        self._context = TortoiseContext()
        # Statements before __aenter__ have no client; the attribute error says so.

    async def __aenter__(self) -> "Database":
        # Requests run in other tasks than the one that opens the database: Tortoise finds their context by this
        # fallback.
        fallback = get_current_context() is None
        with self._context:
            config = tortoise_config(self.url, self._pool_size)
            await self._context.init(config=config, _enable_global_fallback=fallback)
        client = self._context.connections.get(dialect_of(self.url))
        super().__init__(client, dialect_of(self.url))
        try:
            await self.fetch("SELECT 1")
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.shield(self._context.close_connections())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """Statements that are committed together when the block ends, and undone when it raises or is cancelled."""
        if isinstance(self.orm, SqliteClient):
            async with self._sqlite_transaction(self.orm) as statements:
                yield statements
        else:
            assert isinstance(self.orm, AsyncpgDBClient)
            async with self._postgres_transaction(self.orm) as statements:
                yield statements

    @asynccontextmanager
    async def _sqlite_transaction(self, client: SqliteClient) -> AsyncIterator[Statements]:
        # One connection: the lock keeps other tasks' statements out of this transaction.
        async with client._lock:
            transaction = ImmediateTransaction(client)
            async with _committed_or_undone(transaction):
                yield Statements(transaction, self.dialect)

    @asynccontextmanager
    async def _postgres_transaction(self, client: AsyncpgDBClient) -> AsyncIterator[Statements]:
        pool = client._pool
        if pool is None:
            raise DatabaseUnavailable("The database connection is closed.")
        connection = await _translated(pool.acquire(timeout=STATEMENT_TIMEOUT_SECONDS))
        try:
            transaction = TranslatingTransaction(client)
            transaction._connection = connection  # type: ignore[assignment]
            async with _committed_or_undone(transaction):
                yield Statements(transaction, self.dialect)
        finally:
            # What became of the transaction is known by now; the pool ends a connection that it cannot tidy up.
            with suppress(DatabaseUnavailable):
                await _translated(asyncio.shield(pool.release(connection)))


@asynccontextmanager
async def _committed_or_undone(transaction: TransactionalDBClient) -> AsyncIterator[None]:
    try:
        await _translated(_finished(transaction.begin()))
        yield
    except BaseException:
        await _undo(transaction)
        raise
    await _translated(_finished(transaction.commit()))


async def _undo(transaction: TransactionalDBClient) -> None:
    # A lost connection, or a transaction that never began, has nothing left to undo.
    with suppress(DatabaseUnavailable, TransactionManagementError, sqlite3.Error, asyncpg.PostgresError):
        await _translated(_finished(transaction.rollback()))


async def _finished(work: Awaitable[_Result]) -> _Result:
    """Await work to its end even when the awaiting task is cancelled, then pass the cancellation on."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


async def _translated(work: Awaitable[_Result]) -> _Result:
    try:
        return await work
    except IntegrityError as error:
        raise UniqueViolation(str(error)) from error
    except Exception as error:
        raise in_own_words(error) from error


def dialect_of(url: str) -> Dialect:
    """Which of the two databases a URL is for.

    Raises:
        ValueError: neither.
    """
    scheme = urlsplit(url).scheme
    if scheme == "sqlite":
        return "sqlite"
    if scheme in {"postgres", "postgresql"}:
        return "postgres"
    raise ValueError(f"DATABASE_URL must begin with sqlite:// or postgres://, not {scheme or 'nothing'}://.")


def tortoise_config(url: str, pool_size: int = 10) -> dict[str, Any]:
    """Tortoise's configuration for a `sqlite://path` or `postgres://…` URL.

    Raises:
        ValueError: the scheme is neither.
    """
    # Tortoise keeps the SQL that it has made by the connection's name, so each dialect has its own.
    name = dialect_of(url)
    return {
        "connections": {name: _connection(url, pool_size)},
        "apps": {"app": {"models": ["app.models"], "default_connection": name, "migrations": "app.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


def _connection(url: str, pool_size: int) -> dict[str, Any]:
    if dialect_of(url) == "sqlite":
        return {"engine": "app.database.sqlite", "credentials": {"file_path": url.removeprefix("sqlite://")}}
    config: dict[str, Any] = {**expand_db_url(url), "engine": "app.database.postgres"}
    credentials = config["credentials"]
    if "sslmode" in credentials:  # libpq's name; asyncpg calls the same values `ssl`
        credentials["ssl"] = credentials.pop("sslmode")
    defaults = {"minsize": 1, "maxsize": pool_size, "command_timeout": STATEMENT_TIMEOUT_SECONDS}
    config["credentials"] = defaults | credentials
    return config
