"""Tortoise's PostgreSQL client, which says in the product's own words when the database is away, and whose transactions
do not outlive a process that has stopped answering."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import chain
from typing import Any, TypeVar

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from app.database.batch import all_in_one, rows_parameters
from app.database.errors import DatabaseUnavailable, NotAllTouched, in_own_words
from app.database.statements import Row, Statements, Work, Write

_Result = TypeVar("_Result")

STATEMENT_TIMEOUT_SECONDS = 30.0

# A process that is frozen or cut off in the middle of a transaction keeps its row locks, and everybody else would wait
# for as long. No transaction here pauses for more than milliseconds.
IDLE_IN_TRANSACTION_SECONDS = 3


class OnConnection(Statements):
    """Runs statements on a connection of asyncpg's own, without Tortoise in between."""

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
        """Run writes, each of which is to touch all its rows, as one statement."""
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


async def alone(client: AsyncpgDBClient, work: Work[_Result]) -> _Result:
    """Run statements, each for itself."""
    async with _connection(client) as connection:
        return await work(OnConnection(connection))


async def together(client: AsyncpgDBClient, work: Work[_Result]) -> _Result:
    """Run statements as one transaction."""
    async with _connection(client) as connection:
        try:
            await connection.execute("BEGIN")
            result = await work(OnConnection(connection))
            await connection.execute("COMMIT")
        except BaseException:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
                await asyncio.shield(connection.execute("ROLLBACK"))
            raise
        return result


@asynccontextmanager
async def _connection(client: AsyncpgDBClient) -> AsyncIterator[Any]:
    pool = pool_of(client)
    connection = await pool.acquire(timeout=STATEMENT_TIMEOUT_SECONDS)
    try:
        yield connection
    finally:
        await pool.release(connection)


class TranslatingTransaction(TransactionWrapper):
    """A transaction whose statements raise `DatabaseUnavailable` where the database is away."""

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except Exception as error:
            raise in_own_words(error) from error


class TranslatingClient(AsyncpgDBClient):
    """A pool whose statements raise `DatabaseUnavailable` where the database is away."""

    async def _translate_exceptions(self, func: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super()._translate_exceptions(func, *args, **kwargs)
        except Exception as error:
            raise in_own_words(error) from error

    async def create_pool(self, **kwargs: Any) -> asyncpg.Pool:
        """A pool of connections that are set up once and given back as they are: nobody here changes their session."""
        return await super().create_pool(init=_set_up, reset=_leave_as_it_is, **kwargs)

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(TranslatingTransaction(self), self._pool_init_lock)


async def _set_up(connection: asyncpg.Connection) -> None:
    # By a statement rather than a parameter of the connection, which poolers in between refuse.
    await connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS}s'")


async def _leave_as_it_is(_: asyncpg.Connection) -> None:
    """Instead of asyncpg's RESET ALL, which would undo the setting at the price of a round trip."""


client_class = TranslatingClient
