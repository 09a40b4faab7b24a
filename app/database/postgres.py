"""Tortoise's PostgreSQL client with two additions: it raises the product's own errors if the database is away, and its
transactions do not outlive a process that has stopped answering.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from itertools import chain
from typing import Any, TypeVar

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from app.database.batch import all_in_one, rows_parameters
from app.database.errors import (
    DatabaseUnavailable,
    NotAllTouched,
    TransactionUndone,
    in_own_words,
)
from app.database.postgres_connection import Connection, Watch
from app.database.postgres_session import refuse_pooler, set_up
from app.database.statements import Row, Statements, Work, Write, translated

_Result = TypeVar("_Result")

STATEMENT_TIMEOUT_SECONDS = 30.0
CONNECT_SECONDS = 5.0
# How long a statement may take that has its own connection, such as the heartbeat's.
ASIDE_SECONDS = 5.0
# How long returning a connection to the pool may take while a canceled statement is still running on it.
RELEASE_SECONDS = 5.0
# How often a transaction is tried that the server rolls back in favour of others.
TRIES = 3


class PostgresConnection(Statements):
    """Runs statements on an asyncpg connection, without Tortoise in between."""

    def __init__(self, connection: Any) -> None:
        self.dialect = "postgres"
        self._connection = connection

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement and return its rows."""
        return [dict(record) for record in await self._connection.fetch(statement, *parameters)]

    async def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement and return how many rows it touched."""
        status: str = await self._connection.execute(statement, *parameters)
        count = status.rsplit(" ", 1)[-1]
        return int(count) if count.isdigit() else 0

    async def write_all(self, *writes: Write) -> None:
        """Run writes, each of which must touch all its rows, as one statement."""
        if not writes:
            return
        text = all_in_one(tuple((statement, columns) for statement, columns, _ in writes))
        parameters = [rows_parameters("postgres", columns, rows) for _, columns, rows in writes]
        try:
            await self._connection.fetch(text, sum(len(rows) for _, _, rows in writes), *chain(*parameters))
        except asyncpg.DivisionByZeroError as error:
            raise NotAllTouched from error


def pool_of(client: AsyncpgDBClient) -> asyncpg.Pool:
    """The open pool of a client."""
    if client._pool is None:
        raise DatabaseUnavailable("The database connection is closed.")
    return client._pool


async def autocommit(client: AsyncpgDBClient, work: Work[_Result]) -> _Result:
    """Run statements, each in its own transaction."""
    return await _tried_again(lambda: _autocommit(pool_of(client), work))


class Aside(Statements):
    """Runs statements on a separate connection, because slow or stuck statements may use up the pool."""

    def __init__(self, client: "TranslatingClient") -> None:
        self.dialect = "postgres"
        self._client = client

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement and return its rows."""
        return await self._run(lambda statements: statements.fetch(statement, *parameters))

    async def execute(self, statement: str, *parameters: Any) -> int:
        """Run a statement and return how many rows it touched."""
        return await self._run(lambda statements: statements.execute(statement, *parameters))

    async def _run(self, work: Work[_Result]) -> _Result:
        pool = self._client.aside
        if pool is None:
            raise DatabaseUnavailable("The database connection is closed.")
        return await _tried_again(lambda: _autocommit(pool, work))


async def in_transaction(client: AsyncpgDBClient, work: Work[_Result]) -> _Result:
    """Run statements as one transaction."""
    return await _tried_again(lambda: _in_transaction(pool_of(client), work))


async def _tried_again(run: Callable[[], Awaitable[_Result]]) -> _Result:
    """Run again what was rolled back. By then the other side of a deadlock has proceeded, and a stale session is
    replaced.
    """
    for _ in range(TRIES - 1):
        with suppress(TransactionUndone):
            return await translated(run())
    return await translated(run())


async def _autocommit(pool: asyncpg.Pool, work: Work[_Result]) -> _Result:
    async with _connection(pool) as connection:
        return await work(PostgresConnection(connection))


async def _in_transaction(pool: asyncpg.Pool, work: Work[_Result]) -> _Result:
    async with _connection(pool) as connection:
        try:
            await connection.execute("BEGIN")
            result = await work(PostgresConnection(connection))
            await connection.execute("COMMIT")
        except BaseException:
            # A connection that its error has closed says so at once, and has nothing left to roll back.
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                await asyncio.shield(connection.execute("ROLLBACK"))
            raise
        return result


@asynccontextmanager
async def _connection(pool: asyncpg.Pool) -> AsyncIterator[Any]:
    connection = await pool.acquire(timeout=STATEMENT_TIMEOUT_SECONDS)
    try:
        yield connection
    finally:
        # The outcome of the work is known by now; the pool ends a connection that it cannot clean up.
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            await asyncio.shield(pool.release(connection, timeout=RELEASE_SECONDS))


class TranslatingTransaction(TransactionWrapper):
    """A transaction with statements that raise `DatabaseUnavailable` if the database is away."""

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except Exception as error:
            raise in_own_words(error) from error


class TranslatingClient(AsyncpgDBClient):
    """A pool with statements that raise `DatabaseUnavailable` if the database is away."""

    # One connection beside the pool, opened at first use.
    aside: asyncpg.Pool | None = None
    _watch: Watch | None = None

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except Exception as error:
            raise in_own_words(error) from error

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        """Create a pool of connections that are set up once and returned as they are, because nothing here changes
        their session.

        Raises:
            DatabaseUnsuitable: the product cannot work on this database.
        """
        beside = {"min_size", "max_size", "command_timeout", "connection_class"}
        settings: dict[str, Any] = {"timeout": CONNECT_SECONDS, **kwargs, "connection_class": Connection}
        alone = {name: value for name, value in settings.items() if name not in beside}

        def connect() -> Awaitable[asyncpg.Connection]:
            return asyncpg.connect(**alone)

        async def begin(connection: Connection) -> None:
            connection.begin(watch)
            await refuse_pooler(connection, connect)
            await set_up(connection)
            # Not before: a connection that is closed while it is set up fails with an AttributeError of asyncpg's.
            watch.connections.add(connection)

        async def begin_aside(connection: Connection) -> None:
            connection.aside = True
            await begin(connection)

        settings |= {"init": begin, "reset": _leave_as_it_is}
        pool: asyncpg.Pool = asyncpg.create_pool(None, **settings)
        settings |= {"min_size": 0, "max_size": 1, "command_timeout": ASIDE_SECONDS, "init": begin_aside}
        self.aside = aside = asyncpg.create_pool(None, **settings)
        self._watch = watch = Watch(connect)
        await aside
        await pool
        return pool

    async def _close(self) -> None:
        if self._watch is not None:
            await self._watch.close()
        if self.aside is not None:
            self.aside.terminate()
        await super()._close()

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(TranslatingTransaction(self), self._pool_init_lock)


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Replaces asyncpg's RESET ALL, which would undo the settings at the price of a round trip."""


client_class = TranslatingClient
