"""What operators of a PostgreSQL server do to the sessions on a database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

_END_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@asynccontextmanager
async def read_only(database_url: str) -> AsyncIterator[None]:
    """Close all sessions and make new ones read-only, as a managed server with a full disk does."""
    administrator = await asyncpg.connect(database_url)
    name = database_url.rpartition("/")[2]
    try:
        await administrator.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        await administrator.execute(_END_OTHERS)
        yield
    finally:
        await administrator.execute("SET default_transaction_read_only = off")
        await administrator.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        await administrator.close()
