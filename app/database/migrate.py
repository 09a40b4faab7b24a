"""Brings a database to the tables that this program needs, and says when it is not there yet.

Runs Tortoise's own migrations under a lock, so that several replicas may start at once (Tortoise takes no lock).
"""

import asyncio
import fcntl
import pkgutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

import app.migrations
from app.database import new_sqlite
from app.database.database import Database, dialect_of, sqlite_file, tortoise_config
from app.database.errors import SchemaOutdated, in_own_words
from app.database.postgres_session import refuse_pooler
from app.database.statements import translated
from app.private_files import private_database, private_file

if TYPE_CHECKING:
    from tortoise.migrations.executor import MigrationExecutor

# Any number works, if every replica uses the same: the bytes of "eevhooks".
_ADVISORY_LOCK = 0x656576686F6F6B73
# A migration may take long, within a statement and between two, and so may waiting for another migration.
_UNHURRIED = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = 0"

_HAS_TABLE = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = '{}'",
    "postgres": "SELECT 1 WHERE to_regclass('{}') IS NOT NULL",
}
# Where Tortoise records the migrations it has applied.
_HAS_RECORDS = {dialect: asked.format("tortoise_migrations") for dialect, asked in _HAS_TABLE.items()}
# A table with a sentence, for which nothing works on the database: see `app.database.move`.
NOTICE = "installation_move"
_RECORDS = "SELECT name FROM tortoise_migrations WHERE app = 'app'"


async def migrate(database_url: str) -> list[str]:
    """Apply missing migrations in order, and return the names of those applied.

    Raises:
        DatabaseUnavailable: the database does not answer.
        DatabaseUnsuitable: the product cannot work on it.
    """
    made: set[str] = set()
    async with _locked(database_url) as recorded:
        if not recorded and dialect_of(database_url) == "sqlite":
            file = sqlite_file(database_url)
            await translated(asyncio.to_thread(new_sqlite.create, file))
            recorded = made = await translated(asyncio.to_thread(recorded_in, file))
        if recorded.issuperset(_on_disk()):
            return sorted(made)  # without Tortoise, which would build the models of every migration to find that out
        return sorted(made) + await run_migrations(database_url)


async def run_migrations(database_url: str) -> list[str]:
    """The same, by the migrations alone and without their lock."""
    from tortoise.migrations.executor import MigrationTarget

    async with _executor(database_url) as executor:
        applied: list[str] = []
        targets = [MigrationTarget(app_label="app", name="__latest__")]
        try:
            await executor.migrate(
                targets,
                direction="forward",
                progress=lambda step, _, name: applied.append(name) if step == "apply_done" else None,
            )
        except Exception as error:
            raise in_own_words(error) from error
        return applied


async def require_current_schema(database: Database) -> None:
    """Raise `SchemaOutdated`, with the command to run, unless every migration of this program has been applied, and no
    move of the installation has left a notice.
    """
    require_all(await _applied(database))
    if await database.fetch(_HAS_TABLE[database.dialect].format(NOTICE)):
        [row] = await database.fetch(f"SELECT notice FROM {NOTICE}")
        raise SchemaOutdated(row["notice"])


def require_all(applied: set[str]) -> None:
    """Raise `SchemaOutdated` unless every migration of this program has been applied."""
    pending = [name for name in _on_disk() if name not in applied]
    if pending:
        raise SchemaOutdated(
            f"The database lacks {len(pending)} migration(s), the first being {pending[0]}."
            " Run `eev-webhooks migrate` before starting the server."
        )


def _on_disk() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(app.migrations.__path__))


async def _applied(database: Database) -> set[str]:
    if not await database.fetch(_HAS_RECORDS[database.dialect]):
        return set()
    return {row["name"] for row in await database.fetch(_RECORDS)}


@asynccontextmanager
async def _executor(database_url: str) -> "AsyncIterator[MigrationExecutor]":
    # Not above, because few starts have something to migrate.
    from tortoise.context import TortoiseContext
    from tortoise.migrations.executor import MigrationExecutor

    dialect = dialect_of(database_url)
    config = tortoise_config(database_url, pool_size=1)
    config["connections"][dialect]["credentials"].pop("command_timeout", None)
    context = TortoiseContext()
    async with context:
        await context.init(config=config)
        connection = context.connections.get(dialect)
        if dialect == "postgres":
            await connection.execute_script(_UNHURRIED)  # on the one connection of this pool
        yield MigrationExecutor(connection, config["apps"])


@asynccontextmanager
async def _locked(database_url: str) -> AsyncIterator[set[str]]:
    """Hold the lock of migrations; yields the names of those that have been applied."""
    if database_url.startswith("sqlite://"):
        path = sqlite_file(database_url)
        private_database(path)
        async with _file_lock(Path(f"{path}.lock")):
            yield await translated(asyncio.to_thread(recorded_in, path))
    else:
        connection = await connect(database_url)
        try:
            await translated(connection.execute(_UNHURRIED))
            await translated(refuse_pooler(connection, lambda: connect(database_url)))
            await translated(connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK))
            has_records = await translated(connection.fetch(_HAS_RECORDS["postgres"]))
            yield {row["name"] for row in await translated(connection.fetch(_RECORDS))} if has_records else set()
        finally:
            connection.terminate()


def recorded_in(file: Path) -> set[str]:
    """The migrations that have been applied to an SQLite file."""
    with closing(sqlite3.connect(file)) as connection:
        if not connection.execute(_HAS_RECORDS["sqlite"]).fetchall():
            return set()
        return {name for (name,) in connection.execute(_RECORDS)}


@asynccontextmanager
async def _file_lock(path: Path) -> AsyncIterator[None]:
    private_file(path)
    with path.open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


async def connect(database_url: str) -> asyncpg.Connection:
    """A connection of its own to PostgreSQL.

    Raises:
        DatabaseUnavailable: it does not answer.
    """
    connection: asyncpg.Connection = await translated(
        asyncpg.connect(database_url.replace("postgres://", "postgresql://", 1))
    )
    return connection
