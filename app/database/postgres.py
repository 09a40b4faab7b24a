"""Tortoise's PostgreSQL client, which says in the product's own words when the database is away, and whose transactions
do not outlive a process that has stopped answering."""

from typing import Any

import asyncpg
from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from app.database.errors import in_own_words

# A process that is frozen or cut off in the middle of a transaction keeps its row locks, and everybody else would wait
# for as long. No transaction here pauses for more than milliseconds.
IDLE_IN_TRANSACTION_SECONDS = 3


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
