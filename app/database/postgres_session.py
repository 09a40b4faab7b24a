"""Sets a PostgreSQL session up for this product, and refuses a database that it cannot work on.

What a database or a role sets for its sessions (`ALTER ROLE … SET`) is meant for people at a prompt or for another
program. What would break this one is set back here; `default_transaction_read_only` is not, since it is how managed
services protect a disk that is full.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from app.database.errors import DatabaseUnsuitable

# A process that is frozen or cut off in the middle of a transaction keeps its row locks, and everybody else would wait
# for as long. No transaction here pauses for more than milliseconds.
IDLE_IN_TRANSACTION_SECONDS = 3
# The server gives up before the client does (`STATEMENT_TIMEOUT_SECONDS`), so that the connection stays of use.
STATEMENT_SECONDS = 28
LOCK_SECONDS = 10
# How often the server looks whether the client of a long statement has gone.
CHECK_CLIENT_SECONDS = 2

# Settings that a version lacks are left out. By a statement rather than parameters of the connection, which poolers in
# between refuse.
_SET_UP = """SELECT pg_backend_pid() AS backend, current_setting('server_encoding') AS encoding,
  (SELECT count(set_config(name, wanted.value, false))
   FROM unnest($1::text[], $2::text[]) AS wanted (name, value) JOIN pg_settings USING (name))"""
_BACKEND = "SELECT pg_backend_pid()"

_POOLED = (
    "DATABASE_URL leads to a pooler that gives each transaction another session (PgBouncer: pool_mode = transaction),"
    " and this server keeps prepared statements and settings in its sessions. Connect to PostgreSQL itself, or set"
    " pool_mode = session."
)
# What asyncpg hears when a statement that it prepared is in another session.
_LOST_STATEMENT = (asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError)


async def set_up(connection: Any) -> None:
    """Set a new session up, and note its process in `connection.backend`.

    Raises:
        DatabaseUnsuitable: the database's encoding cannot hold every text.
    """
    settings = {
        "default_transaction_isolation": "read committed",
        "default_transaction_deferrable": "off",
        "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_SECONDS}s",
        "idle_session_timeout": "0",
        "transaction_timeout": "0",
        "statement_timeout": f"{STATEMENT_SECONDS}s",
        "lock_timeout": f"{LOCK_SECONDS}s",
        "client_connection_check_interval": f"{CHECK_CLIENT_SECONDS}s",
    }
    row = await connection.fetchrow(_SET_UP, list(settings), list(settings.values()))
    connection.backend = row["backend"]
    if row["encoding"] != "UTF8":
        raise DatabaseUnsuitable(
            f"The database has the encoding {row['encoding']}, which cannot hold every text."
            " Create one with ENCODING 'UTF8' and let DATABASE_URL name it."
        )


async def refuse_pooler(connection: Any, connect: Callable[[], Awaitable[asyncpg.Connection]]) -> None:
    """Refuse what gives each transaction another session.

    Args:
        connect: opens another connection to the same place.

    Raises:
        DatabaseUnsuitable: two connections that are open at once share a process of the server.
    """
    try:
        # A pooler of any kind makes up the number of the process, which clients need to cancel statements.
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
