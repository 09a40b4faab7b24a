"""Every driver error means "unavailable" unless it is on the list of errors of the statement."""

import sqlite3

import asyncpg
import pytest
from asyncpg.exceptions import _base
from tortoise.exceptions import OperationalError

from app.database.errors import (
    DatabaseUnavailable,
    NotAllTouched,
    StatementRefused,
    TransactionUndone,
    UniqueViolation,
    in_own_words,
)


def of_sqlite(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("something")
    error.sqlite_errorcode = code
    return error


def kinds_below(kind: type[asyncpg.PostgresError]) -> list[type[asyncpg.PostgresError]]:
    return [kind, *(found for below in kind.__subclasses__() for found in kinds_below(below))]


def test_every_error_of_postgres_means_unavailable_or_a_bug() -> None:
    for kind in kinds_below(asyncpg.PostgresError):
        assert isinstance(in_own_words(kind("x")), DatabaseUnavailable | StatementRefused | UniqueViolation), kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (asyncpg.ReadOnlySQLTransactionError("x"), TransactionUndone),
        (asyncpg.SerializationError("x"), TransactionUndone),
        (asyncpg.DeadlockDetectedError("x"), TransactionUndone),
        (asyncpg.IdleSessionTimeoutError("x"), TransactionUndone),
        (asyncpg.InvalidCachedStatementError("x"), TransactionUndone),
        (asyncpg.OutdatedSchemaCacheError("x"), TransactionUndone),
        (asyncpg.LockNotAvailableError("x"), DatabaseUnavailable),
        (asyncpg.DiskFullError("x"), DatabaseUnavailable),
        (asyncpg.InvalidPasswordError("x"), DatabaseUnavailable),
        (asyncpg.InvalidCatalogNameError("x"), DatabaseUnavailable),
        (asyncpg.InsufficientPrivilegeError("x"), DatabaseUnavailable),
        (asyncpg.InFailedSQLTransactionError("x"), DatabaseUnavailable),
        (asyncpg.RaiseError("x"), DatabaseUnavailable),
        (asyncpg.DataCorruptedError("x"), DatabaseUnavailable),
        (asyncpg.InternalClientError("x"), DatabaseUnavailable),
        (TimeoutError(), DatabaseUnavailable),
        (ConnectionResetError(), DatabaseUnavailable),
        (asyncpg.UniqueViolationError("x"), UniqueViolation),
        (asyncpg.ForeignKeyViolationError("x"), StatementRefused),
        (asyncpg.UndefinedTableError("x"), StatementRefused),
        (asyncpg.PostgresSyntaxError("x"), StatementRefused),
        (asyncpg.CharacterNotInRepertoireError("x"), StatementRefused),
        (_base.DataError("x"), StatementRefused),
        (OperationalError(asyncpg.InsufficientPrivilegeError("x")), DatabaseUnavailable),
        (of_sqlite(sqlite3.SQLITE_READONLY), DatabaseUnavailable),
        (of_sqlite(sqlite3.SQLITE_READONLY_DBMOVED), DatabaseUnavailable),
        (of_sqlite(sqlite3.SQLITE_FULL), DatabaseUnavailable),
        (of_sqlite(sqlite3.SQLITE_IOERR_WRITE), DatabaseUnavailable),
        (of_sqlite(sqlite3.SQLITE_CORRUPT), DatabaseUnavailable),
        (of_sqlite(sqlite3.SQLITE_ERROR), StatementRefused),
        (of_sqlite(sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY), StatementRefused),
        (of_sqlite(sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY), UniqueViolation),
        (OperationalError(of_sqlite(sqlite3.SQLITE_FULL)), DatabaseUnavailable),
        (sqlite3.ProgrammingError("x"), StatementRefused),
        (NotAllTouched(), NotAllTouched),
        (KeyError("x"), KeyError),
    ],
)
def test_each_kind_of_error_is_translated_for_the_caller(error: Exception, kind: type[Exception]) -> None:
    assert type(in_own_words(error)) is kind
