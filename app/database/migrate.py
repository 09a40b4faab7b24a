"""Brings a database to the tables that this program needs, and says when it is not there yet.

Runs Tortoise's own migrations under a lock, so that several replicas may start at once (Tortoise takes no lock).
"""

import asyncio
import fcntl
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

import app.migrations
from app.database.database import Database, dialect_of, sqlite_file, tortoise_config
from app.database.errors import SchemaOutdated, in_own_words
from app.database.postgres_session import refuse_pooler
from app.database.statements import translated
from app.private_files import private_database, private_file

# Any number works, if every replica uses the same: the bytes of "eevhooks".
_ADVISORY_LOCK = 0x656576686F6F6B73
# A migration may take long, within a statement and between two, and so may waiting for another migration.
_UNHURRIED = "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0; SET lock_timeout = 0"

# Where Tortoise records the migrations it has applied.
_HAS_RECORDS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE name = 'tortoise_migrations'",
    "postgres": "SELECT 1 WHERE to_regclass('tortoise_migrations') IS NOT NULL",
}


async def migrate(database_url: str) -> list[str]:
    """Apply missing migrations in order, and return the names of those applied.

    Raises:
        DatabaseUnavailable: the database does not answer.
        DatabaseUnsuitable: the product cannot work on it.
    """
    async with _locked(database_url), _executor(database_url) as executor:
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
    """Raise `SchemaOutdated`, with the command to run, unless every migration of this program has been applied."""
    applied = await _applied(database)
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
    return {row["name"] for row in await database.fetch("SELECT name FROM tortoise_migrations WHERE app = 'app'")}


@asynccontextmanager
async def _executor(database_url: str) -> AsyncIterator[MigrationExecutor]:
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
async def _locked(database_url: str) -> AsyncIterator[None]:
    if database_url.startswith("sqlite://"):
        path = sqlite_file(database_url)
        private_database(path)
        async with _file_lock(Path(f"{path}.lock")):
            yield
    else:
        connection = await _connect(database_url)
        try:
            await translated(connection.execute(_UNHURRIED))
            await translated(refuse_pooler(connection, lambda: _connect(database_url)))
            await translated(connection.execute("SELECT pg_advisory_lock($1)", _ADVISORY_LOCK))
            yield
        finally:
            connection.terminate()


@asynccontextmanager
async def _file_lock(path: Path) -> AsyncIterator[None]:
    private_file(path)
    with path.open("w") as file:
        await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
        yield


async def _connect(database_url: str) -> asyncpg.Connection:
    connection: asyncpg.Connection = await translated(
        asyncpg.connect(database_url.replace("postgres://", "postgresql://", 1))
    )
    return connection
