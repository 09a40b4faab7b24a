"""Counts the statements that a block of code sends to the database, with or without background work.

The caller's key is looked up again every so often by the clock, so those statements do not count.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import pytest

from app.database.database import Database
from app.database.statements import Row, Statements, Work

# Those of the ORM; all others go through `Database.fetch` and its siblings.
_WAYS_IN = ("execute_query", "execute_query_dict", "execute_many", "execute_insert")
_counting: ContextVar[bool] = ContextVar("counting", default=False)


@contextmanager
def counted(database: Database, monkeypatch: pytest.MonkeyPatch, *, everywhere: bool = False) -> Iterator[list[str]]:
    """The statements that the block runs, by hand or through the ORM, itself and in the tasks it starts.

    Args:
        everywhere: also those of the rest of the process, such as a server's.
    """
    statements = _Noted()
    with monkeypatch.context() as patch:
        for name in _WAYS_IN:
            patch.setattr(database.orm, name, _noting(getattr(database.orm, name), statements, everywhere=everywhere))
        for name in ("_read", "_autocommit"):
            patch.setattr(database, name, _noting_work(getattr(database, name), statements, everywhere=everywhere))
        committing = _noting_transactions(database.committing, statements, everywhere=everywhere)
        patch.setattr(database, "committing", committing)
        token = _counting.set(True)
        try:
            yield statements
        finally:
            _counting.reset(token)


class _Noted(list[str]):
    """Statements, without those that look up the caller's key."""

    def append(self, statement: str) -> None:
        if " FROM api_key WHERE " not in statement:
            super().append(statement)


class _Noting(Statements):
    """Runs statements as others do, and records them."""

    def __init__(self, inner: Statements, noted: list[str]) -> None:
        self._inner = inner
        self._noted = noted
        self.dialect = inner.dialect

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        self._noted.append(statement)
        return await self._inner.fetch(statement, *parameters)

    async def execute(self, statement: str, *parameters: Any) -> int:
        self._noted.append(statement)
        return await self._inner.execute(statement, *parameters)

    async def write_rows(self, statement: str, *arguments: Any) -> int:
        self._noted.append(statement)
        return await self._inner.write_rows(statement, *arguments)


def _noting_work(run: Any, statements: list[str], *, everywhere: bool) -> Any:
    async def noted(work: Work[Any]) -> Any:
        if everywhere or _counting.get():
            return await run(lambda inner: work(_Noting(inner, statements)))
        return await run(work)

    return noted


def _noting_transactions(committing: Any, statements: list[str], *, everywhere: bool) -> Any:
    def noted(work: Work[Any], **given: Any) -> Any:
        if everywhere or _counting.get():
            return committing(lambda inner: work(_Noting(inner, statements)), **given)
        return committing(work, **given)

    return noted


def _noting(ask: Any, statements: list[str], *, everywhere: bool) -> Any:
    async def noted(statement: str, *parameters: Any) -> Any:
        if everywhere or _counting.get():
            statements.append(statement)
        return await ask(statement, *parameters)

    return noted
