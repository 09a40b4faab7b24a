"""Creates a separate database for every test: migrated once per session, then copied."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path
from typing import TypeAlias

import asyncpg

from app.database.migrate import migrate
from tests.services import Postgres


class SqliteDatabases:
    """Makes SQLite files in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._numbers = count(1)
        self._template: Path | None = None

    async def create_empty(self) -> str:
        """Return the address of a database without tables."""
        return _sqlite_url(self._next_path())

    async def create(self) -> str:
        """Return the address of a migrated database."""
        path = self._next_path()
        shutil.copyfile(await self._migrated_template(), path)
        return _sqlite_url(path)

    async def drop(self, url: str) -> None:
        """Remove a database, even if it is still in use."""
        path = Path(url.removeprefix("sqlite://"))
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()

    async def _migrated_template(self) -> Path:
        if self._template is None:
            path = self._directory / "template.db"
            await migrate(_sqlite_url(path))
            with closing(sqlite3.connect(path)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._template = path
        return self._template

    def _next_path(self) -> Path:
        return self._directory / f"test-{next(self._numbers)}.db"


class PostgresDatabases:
    """Makes databases on a PostgreSQL server."""

    def __init__(self, server: Postgres) -> None:
        self._server = server
        self._numbers = count(1)
        self._template: str | None = None

    async def create_empty(self) -> str:
        """Return the address of a database without tables."""
        name = self._next_name()
        await self._execute(f'CREATE DATABASE "{name}"')
        return self._server.database_url(name)

    async def create(self) -> str:
        """Return the address of a migrated database."""
        template = await self._migrated_template()
        name = self._next_name()
        async with _connection(self._server.url) as connection:
            # Copying the files costs a quarter of writing every page to the log, which 15 and later do by default.
            strategy = "STRATEGY file_copy" if connection.get_server_version() >= (15,) else ""
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" {strategy}')
        return self._server.database_url(name)

    async def drop(self, url: str) -> None:
        """Remove a database, even if it is still in use."""
        await self._execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    async def _migrated_template(self) -> str:
        if self._template is None:
            name = self._next_name()
            await self._execute(f'CREATE DATABASE "{name}"')
            await migrate(self._server.database_url(name))
            # Copying fails while anyone is connected to the source.
            await self._execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            self._template = name
        return self._template

    async def _execute(self, statement: str) -> None:
        async with _connection(self._server.url) as connection:
            await connection.execute(statement)

    def _next_name(self) -> str:
        return f"test-{next(self._numbers)}"


Databases: TypeAlias = SqliteDatabases | PostgresDatabases


def _sqlite_url(path: Path) -> str:
    return f"sqlite://{path}"


@asynccontextmanager
async def _connection(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
