"""Opens the database and runs statements, each by itself or in a transaction.

Transactions are explicit objects rather than Tortoise's context variable. A task that is canceled while one begins or
ends therefore always gives its connection back (Tortoise 1.1.9 keeps it forever), and the reader sees which statements
belong together. Statements number their parameters `$1`, `$2`, … on both databases.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient
from tortoise.backends.base.client import TransactionalDBClient
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext, get_current_context
from tortoise.exceptions import TransactionManagementError

from app.database import postgres, sqlite_statements
from app.database.batch import Columns, Dialect
from app.database.errors import DatabaseUnavailable
from app.database.postgres import STATEMENT_TIMEOUT_SECONDS, TranslatingTransaction
from app.database.sqlite import DurableSqliteClient, ImmediateTransaction
from app.database.statements import Row, Statements, Work, Write, to_the_end, translated

__all__ = ["Database", "Row", "Statements", "dialect_of", "sqlite_file", "tortoise_config"]

_Result = TypeVar("_Result")


class Database(Statements):
    """The open database. Use it in `async with`; every process has one."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self._pool_size = pool_size
        self._context = TortoiseContext()
        # Before __aenter__ there is no client; the attribute error says so.

    async def __aenter__(self) -> "Database":
        # Requests run in other tasks than the one that opens the database: Tortoise finds their context through this
        # fallback.
        fallback = get_current_context() is None
        with self._context:
            config = tortoise_config(self.url, self._pool_size)
            await self._context.init(config=config, _enable_global_fallback=fallback)
        client = self._context.connections.get(dialect_of(self.url))
        super().__init__(client, dialect_of(self.url))
        try:
            await super().fetch("SELECT 1")  # Through the ORM, which connects at its first statement.
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.shield(self._context.close_connections())

    @property
    def aside(self) -> Statements:
        """Statements that must not wait for others: each runs alone, on a separate connection if the database has
        one.
        """
        return postgres.Aside(self.orm) if isinstance(self.orm, postgres.TranslatingClient) else self

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement and return its rows; also for INSERT, UPDATE and DELETE … RETURNING.

        On SQLite, a statement that begins with SELECT holds up no transaction, however long it takes.
        """
        if self.dialect == "sqlite" and statement.lstrip().startswith("SELECT"):
            return await self._read(lambda statements: statements.fetch(statement, *parameters))
        return await self._autocommit(lambda statements: statements.fetch(statement, *parameters))

    async def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement and return how many rows it touched."""
        return await self._autocommit(lambda statements: statements.execute(statement, *parameters))

    async def write_rows(
        self, statement: str, columns: Columns, rows: Sequence[Sequence[Any]], *parameters: Any
    ) -> int:
        """Run an INSERT, UPDATE or DELETE over a batch of rows, all or none; return how many rows it touched."""
        run = self.in_transaction if self.dialect == "sqlite" else self._autocommit
        return await run(lambda statements: statements.write_rows(statement, columns, rows, *parameters))

    async def write_all(self, *writes: Write) -> None:
        """Run independent writes, each of which must touch all its rows, as one transaction, on PostgreSQL in one round
        trip. A SELECT among them must find a row for each of its own rows.

        Raises:
            NotAllTouched: a write touched fewer rows, so nothing was written.
        """
        async with self.committing_all(*writes):
            pass

    @asynccontextmanager
    async def committing_all(self, *writes: Write) -> AsyncIterator[None]:
        """The same; the block runs while the writes are being committed (see `committing`)."""
        if self.dialect == "sqlite":
            count = sum([len(rows) for _, _, rows in writes])
            async with self.committing(lambda statements: statements.write_all(*writes), rows=count):
                yield
        else:
            await self._autocommit(lambda statements: statements.write_all(*writes))
            yield

    async def empty_log(self) -> None:
        """Move all of SQLite's write-ahead log into the file and empty it, unless reads are in the way. The log
        otherwise keeps what was overwritten since, until its place is needed.
        """
        if isinstance(self.orm, DurableSqliteClient):
            await translated(self.orm.empty_log())

    def before_commit(self, order: str, work: Any) -> None:  # noqa: ARG002
        """Statements outside of a transaction have no end to wait for.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("This belongs in a transaction.")

    async def _read(self, work: Work[_Result]) -> _Result:
        assert isinstance(self.orm, DurableSqliteClient)
        return await translated(sqlite_statements.read(self.orm, work))

    async def _autocommit(self, work: Work[_Result]) -> _Result:
        if isinstance(self.orm, DurableSqliteClient):
            return await translated(sqlite_statements.autocommit(self.orm, work))
        assert isinstance(self.orm, AsyncpgDBClient)
        return await translated(postgres.autocommit(self.orm, work))

    async def in_transaction(self, work: Work[_Result], *, rows: int = 0) -> _Result:
        """Run `work`, which awaits statements and nothing else, as one transaction; return its result.

        Frequent transactions use this: on SQLite only the commit costs a change of threads. A caller that is canceled
        stops waiting; then everything is written, or nothing.

        Args:
            rows: about how many rows it writes, if that may be many.
        """
        async with self.committing(work, rows=rows) as result:
            pass
        return result

    @asynccontextmanager
    async def committing(self, work: Work[_Result], *, rows: int = 0) -> AsyncIterator[_Result]:
        """The same, with an early result: the block receives what `work` returns, and runs during the commit.

        Entering raises the errors of the statements; leaving waits for the commit and raises its error. A caller must
        not expose the result outside the process before that. On PostgreSQL the commit is done before the block runs.
        """
        work = to_the_end(work)
        if isinstance(self.orm, DurableSqliteClient):
            result, committed = await translated(sqlite_statements.begin_commit(self.orm, work, rows))
            yield result
            await translated(asyncio.shield(committed))
        else:
            assert isinstance(self.orm, AsyncpgDBClient)
            yield await translated(postgres.in_transaction(self.orm, work))

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """Statements that are committed together when the block ends, and rolled back if it raises or is canceled."""
        if isinstance(self.orm, DurableSqliteClient):
            async with self._sqlite_transaction(self.orm) as statements:
                yield statements
                await statements.finish()
        else:
            assert isinstance(self.orm, AsyncpgDBClient)
            async with self._postgres_transaction(self.orm) as statements:
                yield statements
                await statements.finish()

    @asynccontextmanager
    async def _sqlite_transaction(self, client: DurableSqliteClient) -> AsyncIterator[Statements]:
        # One connection writes: the lock keeps other tasks' statements out of this transaction.
        async with client._lock:
            transaction = ImmediateTransaction(client)
            async with _committed_or_undone(transaction):
                yield Statements(transaction, self.dialect)

    @asynccontextmanager
    async def _postgres_transaction(self, client: AsyncpgDBClient) -> AsyncIterator[Statements]:
        pool = postgres.pool_of(client)
        connection = await translated(pool.acquire(timeout=STATEMENT_TIMEOUT_SECONDS))
        try:
            transaction = TranslatingTransaction(client)
            transaction._connection = connection  # type: ignore[assignment]
            async with _committed_or_undone(transaction):
                yield Statements(transaction, self.dialect)
        finally:
            # The outcome of the transaction is known by now; the pool ends a connection that it cannot clean up.
            with suppress(DatabaseUnavailable):
                await translated(asyncio.shield(pool.release(connection)))


@asynccontextmanager
async def _committed_or_undone(transaction: TransactionalDBClient) -> AsyncIterator[None]:
    try:
        await translated(_finished(transaction.begin()))
        yield
    except BaseException:
        await _undo(transaction)
        raise
    await translated(_finished(transaction.commit()))


async def _undo(transaction: TransactionalDBClient) -> None:
    # A lost connection, or a transaction that never began, has nothing left to roll back.
    with suppress(DatabaseUnavailable, TransactionManagementError, sqlite3.Error, asyncpg.PostgresError):
        await translated(_finished(transaction.rollback()))


async def _finished(work: Awaitable[_Result]) -> _Result:
    """Await work to its end even if the awaiting task is canceled, then propagate the cancellation."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def sqlite_file(url: str) -> Path:
    """The file of an SQLite URL, the same for every spelling of it and for symbolic links to it."""
    return Path(url.removeprefix("sqlite://")).resolve()


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
