"""Sets a PostgreSQL session up for this product, and refuses a database that it cannot work on.

Settings that a database or a role applies to its sessions (`ALTER ROLE … SET`) are meant for people at a prompt or for
another program. Those that would break this program are reset here, except `default_transaction_read_only`, because
managed services use it to protect a full disk.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from app.database.errors import DatabaseUnsuitable
from app.database.postgres_connection import APPLICATION

# A process that freezes or is cut off in the middle of a transaction keeps its row locks, and all others would wait
# that long. No transaction here pauses for more than milliseconds.
IDLE_IN_TRANSACTION_SECONDS = 3
# The server gives up before the client does (`STATEMENT_TIMEOUT_SECONDS`), so that the connection stays usable.
STATEMENT_SECONDS = 28
LOCK_SECONDS = 10
# How often the server checks whether the client of a long statement has gone.
CHECK_CLIENT_SECONDS = 2

# Settings that a server version lacks are left out. They are set by a statement, because poolers in between refuse them
# as parameters of the connection.
_SET_UP = """SELECT pg_backend_pid() AS backend, current_setting('server_encoding') AS encoding,
  (SELECT count(set_config(name, wanted.value, false))
   FROM unnest($1::text[], $2::text[]) AS wanted (name, value) JOIN pg_settings USING (name))"""
_BACKEND = "SELECT pg_backend_pid()"

_POOLED = (
    "DATABASE_URL leads to a pooler that gives each transaction another session (PgBouncer: pool_mode = transaction),"
    " and this server keeps prepared statements and settings in its sessions. Connect to PostgreSQL itself, or set"
    " pool_mode = session."
)
# The errors that asyncpg gets when a statement it prepared is in another session.
_LOST_STATEMENT = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)


async def set_up(connection: Any) -> None:
    """Set up a new session, and store its process in `connection.backend`.

    Raises:
        DatabaseUnsuitable: the database's encoding cannot hold every text.
    """
    settings = {
        "application_name": APPLICATION,
        "default_transaction_isolation": "read committed",
        "default_transaction_deferrable": "off",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        "idle_session_timeout": "0",
        "transaction_timeout": "0",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "client_connection_check_interval": f"{CHECK_CLIENT_SECONDS}s",
        # Compiling takes longer than any statement here. The planner chooses it by the size of tables, even if an index
        # leads to the few rows that are read.
        "jit": "off",
    }
    row = await connection.fetchrow(_SET_UP, list(settings), list(settings.values()))
    connection.backend = row["backend"]
    if row["encoding"] != "UTF8":
        raise DatabaseUnsuitable(
            f"The database has the encoding {row['encoding']}, which cannot hold every text."
            " Create one with ENCODING 'UTF8' and let DATABASE_URL name it."
        )


async def refuse_pooler(connection: Any, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
    """Refuse a pooler that gives each transaction another session.

    Args:
        connect: opens another connection to the same place.

    Raises:
        DatabaseUnsuitable: two connections that are open at once share a server process.
    """
    try:
        # Every pooler makes up the process number that clients need to cancel statements.
        if await connection.fetchval(_BACKEND) != connection.get_server_pid() and await _share_backend(connect):
            raise _unsuitable()
    except _LOST_STATEMENT as error:
        raise _unsuitable() from error


async def _share_backend(connect: Callable[[], Awaitable[asyncpg.Connection]]) -> bool:
    first = await connect()
    try:
        second = await connect()
        try:
            return bool(await first.fetchval(_BACKEND) == await second.fetchval(_BACKEND))
        finally:
            second.terminate()
    finally:
        first.terminate()


def _unsuitable() -> DatabaseUnsuitable:
    return DatabaseUnsuitable(_POOLED)
