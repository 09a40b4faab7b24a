"""What can go wrong with the database itself, in words that the callers' doors can pass on.

DatabaseError
├── DatabaseUnavailable   the database cannot be reached or does not answer in time; repeating later is right
├── SchemaOutdated        the tables are older than this program
├── UniqueViolation       a row with the same key is there already
└── NotAllTouched         rows were not as they were taken to be
"""

import sqlite3

import asyncpg
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError, TransactionManagementError

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
_TAKEN = (IntegrityError, sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)
# What Tortoise calls an OperationalError.
_REFUSED = (sqlite3.OperationalError, asyncpg.SyntaxOrAccessError, asyncpg.DataError)
_SQLITE_TROUBLE = ("locked", "disk", "unable to open")
_DAMAGED = ("not a database", "malformed")


class DatabaseError(Exception):
    """Something about the database, not about the caller's input."""


class DatabaseUnavailable(DatabaseError):
    """The database cannot be reached, is overloaded or stopped answering. Repeating later is right."""


class SchemaOutdated(DatabaseError):
    """The tables are older than this program; the message says which command brings them up to date."""


class UniqueViolation(DatabaseError):
    """A row with the same unique key is there already."""


class NotAllTouched(DatabaseError):
    """Rows that were to be written were not there, or not as they were taken to be. Nothing was written."""


def in_own_words(error: Exception) -> Exception:
    """What a driver or Tortoise says, in words of this package: `DatabaseUnavailable` when the database is away,
    `UniqueViolation` for a key that is taken, Tortoise's own error for a statement that was refused; else the same."""
    if isinstance(error, _TAKEN):
        return UniqueViolation(str(error))
    if isinstance(error, _REFUSED):
        error = OperationalError(error)
    trouble = isinstance(error, OperationalError | TransactionManagementError)
    if isinstance(error, sqlite3.DatabaseError) and any(word in str(error) for word in _DAMAGED):
        return DatabaseUnavailable(
            f"The file of the database is damaged, or is none: {error}. docs/operations.md says how to restore one."
        )
    if isinstance(error, _UNREACHABLE) or (trouble and any(word in str(error) for word in _SQLITE_TROUBLE)):
        return DatabaseUnavailable(f"The database does not answer: {str(error) or type(error).__name__}.")
    return error
