"""Errors of the database itself, in words that callers can pass on.

    DatabaseError
    ├── DatabaseUnavailable    the database cannot do it right now, whatever the reason; repeat it later
    │   └── TransactionUndone  it rolled everything back, and an immediate repetition may well succeed
    ├── DatabaseUnsuitable     the database, or a pooler before it, cannot hold this product's data
    ├── SchemaOutdated         the tables are older than this program
    ├── UniqueViolation        a row with the same key exists already
    ├── NotAllTouched          rows were not in the expected state
    └── StatementRefused       the statement itself is wrong: a bug

No list can name every failure of servers, poolers and networks. The code therefore lists what a statement can get
wrong; every other error from a database is DatabaseUnavailable.
"""

import sqlite3

import asyncpg
from tortoise.exceptions import BaseORMException, DBConnectionError

_LOST = (OSError, DBConnectionError, asyncpg.InterfaceError, asyncpg.InternalClientError)
# What asyncpg says if the connection has ended and the statement (a COMMIT, say) was not sent.
_NOT_SENT = ("cannot switch to state", "connection is closed")
# Classes of SQLSTATE for errors of the statement: https://www.postgresql.org/docs/current/errcodes-appendix.html
_REFUSED = frozenset({"0A", "20", "21", "22", "23", "2F", "34", "42", "44", "54"})
# Missing privileges are in class 42, but granting them is up to the database's administrator.
_PRIVILEGES = "42501"
_ANSWERLESS = frozenset({"08", "57"})
_UNIQUE = "23505"
# A transaction that ends with one of these wrote nothing. The last two concern one connection: its server has become
# read-only, or closed it while it was idle.
_UNDONE = frozenset({"40001", "40P01", "25006", "57P05"})

_SQLITE_REFUSED = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_MISUSE,
        sqlite3.SQLITE_RANGE,
    }
)
_SQLITE_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_SQLITE_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class DatabaseError(Exception):
    """An error of the database, not of the caller's input."""


class DatabaseUnavailable(DatabaseError):
    """The database is unreachable, cannot do this right now, or stopped answering. Repeat it later."""


class TransactionUndone(DatabaseUnavailable):
    """Nothing was written, for certain, and an immediate repetition may well succeed."""


class DatabaseUnsuitable(DatabaseError):
    """The product cannot work on this database; the message says why and what is needed."""


class SchemaOutdated(DatabaseError):
    """The tables are older than this program; the message says which command brings them up to date."""


class UniqueViolation(DatabaseError):
    """A row with the same unique key exists already."""


class NotAllTouched(DatabaseError):
    """Rows that were to be written were missing or not in the expected state. Nothing was written."""


class StatementRefused(DatabaseError):
    """The statement itself is wrong, and would be at any other time: a bug."""


def in_own_words(error: Exception) -> Exception:
    """Translate an error of a driver or of Tortoise into one of this module; return any other error unchanged."""
    told = _told_by_driver(error)
    if isinstance(told, asyncpg.PostgresError):
        return _of_postgres(told)
    if isinstance(told, sqlite3.Error):
        return _of_sqlite(told)
    if isinstance(told, asyncpg.InterfaceError) and isinstance(told, ValueError):  # A parameter of the wrong kind.
        return StatementRefused(str(told))
    if isinstance(told, asyncpg.OutdatedSchemaCacheError) or str(told).startswith(_NOT_SENT):
        return TransactionUndone(_cannot(told))
    if isinstance(told, _LOST):
        return DatabaseUnavailable(_answers_not(told))
    return error


def _told_by_driver(error: Exception) -> Exception:
    """The error that Tortoise has wrapped, if it has wrapped one."""
    told = error.__cause__ or (error.args[0] if error.args else None)
    if isinstance(error, BaseORMException) and isinstance(told, asyncpg.PostgresError | sqlite3.Error):
        return told
    return error


def _of_postgres(error: asyncpg.PostgresError) -> DatabaseError:
    state: str = error.sqlstate or ""
    if state in _UNDONE or isinstance(error, asyncpg.InvalidCachedStatementError):
        return TransactionUndone(_cannot(error))
    if state == _UNIQUE:
        return UniqueViolation(str(error))
    if state[:2] in _REFUSED and state != _PRIVILEGES:
        return StatementRefused(str(error))
    return DatabaseUnavailable(_answers_not(error) if state[:2] in _ANSWERLESS else _cannot(error))


def _of_sqlite(error: sqlite3.Error) -> DatabaseError:
    code = getattr(error, "sqlite_errorcode", None)  # Python's own errors have none.
    if code in _SQLITE_UNIQUE:
        return UniqueViolation(str(error))
    primary = code & 0xFF if code is not None else None  # without the reason in its upper bits
    if primary in _SQLITE_DAMAGED:
        return DatabaseUnavailable(
            f"The file of the database is damaged, or is none: {error}. docs/operations.md says how to restore one."
        )
    if primary in _SQLITE_REFUSED or (primary is None and not isinstance(error, sqlite3.OperationalError)):
        return StatementRefused(str(error))
    return DatabaseUnavailable(_answers_not(error))


def _answers_not(error: Exception) -> str:
    return f"The database does not answer: {str(error) or type(error).__name__}."


def _cannot(error: Exception) -> str:
    return f"The database cannot do this right now: {str(error) or type(error).__name__}."
