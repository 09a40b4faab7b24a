"""Tortoise's PostgreSQL client, which says in the product's own words when the database is away."""

from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper
from tortoise.backends.base.client import TransactionContext, TransactionContextPooled

from app.database.errors import in_own_words


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

    def _in_transaction(self) -> TransactionContext:
        return TransactionContextPooled(TranslatingTransaction(self), self._pool_init_lock)


client_class = TranslatingClient
