"""What can go wrong with the database itself, in words that the callers' doors can pass on.

DatabaseError
├── DatabaseUnavailable   the database cannot be reached or does not answer in time; repeating later is right
├── SchemaOutdated        the tables are older than this program
└── UniqueViolation       a row with the same key is there already
"""

import asyncpg
from tortoise.exceptions import DBConnectionError, OperationalError, TransactionManagementError

_UNREACHABLE = (
    OSError,
    TimeoutError,
    DBConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.InsufficientResourcesError,
    # A connection that PostgreSQL ended in the middle of a statement: what asyncpg says to the next one.
    asyncpg.InternalClientError,
    # Deadlocks and the like: this transaction was undone so that another could go on.
    asyncpg.TransactionRollbackError,
)
_SQLITE_TROUBLE = ("locked", "disk", "unable to open")


class DatabaseError(Exception):
    """Something about the database, not about the caller's input."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, is overloaded or stopped answering. Repeating later is right."""


class SchemaOutdated(DatabaseError):
    """The tables are older than this program; the message says which command brings them up to date."""


class UniqueViolation(DatabaseError):
    """A row with the same unique key is there already."""


def in_own_words(error: Exception) -> Exception:
    """`DatabaseUnavailable` for what a driver or Tortoise says when the database is away; else the same error."""
    trouble = isinstance(error, OperationalError | TransactionManagementError)
    if isinstance(error, _UNREACHABLE) or (trouble and any(word in str(error) for word in _SQLITE_TROUBLE)):
        return DatabaseUnavailable(f"The database does not answer: {str(error) or type(error).__name__}.")
    return error
