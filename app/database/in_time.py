"""Statements that only read, each with a time limit: what is asked for may take seconds, and the asker cannot wait.

A statement beyond its limit is canceled, so that it does not keep a connection busy for nobody.
"""

import asyncio
from typing import Any

from app.database import sqlite_statements
from app.database.database import Database
from app.database.errors import DatabaseUnavailable
from app.database.sqlite import DurableSqliteClient
from app.database.statements import Row, Statements, translated


class NotInTime(DatabaseUnavailable):
    """A statement took longer than it may."""


class InTime(Statements):
    """Runs SELECT statements that take at most a number of seconds each."""

    def __init__(self, database: Database, seconds: float) -> None:
        super().__init__(database.orm, database.dialect)
        self._database = database
        self._seconds = seconds

    async def fetch(self, statement: str, *parameters: Any) -> list[Row]:
        """Run a statement and return its rows.

        Raises:
            NotInTime: it took too long.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._fetch(statement, *parameters)
        except TimeoutError:
            raise NotInTime(f"a statement took longer than {self._seconds:g} s") from None

    async def _fetch(self, statement: str, *parameters: Any) -> list[Row]:
        if not isinstance(self.orm, DurableSqliteClient):
            return await self._database.fetch(statement, *parameters)  # whose cancellation ends it in PostgreSQL, too
        reading = sqlite_statements.read(
            self.orm, lambda statements: statements.fetch(statement, *parameters), seconds=self._seconds
        )
        return await translated(reading)
