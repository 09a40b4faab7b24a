"""Every test has its own database."""

from pathlib import Path

from app.database.database import Database
from app.database.migrate import require_current_schema
from tests.databases import Databases, SqliteDatabases

TABLES = {
    "sqlite": "SELECT count(*) AS count FROM sqlite_master WHERE type = 'table'",
    "postgres": "SELECT count(*) AS count FROM pg_tables WHERE schemaname = 'public'",
}


async def tables(url: str) -> int:
    async with Database(url) as database:
        [row] = await database.fetch(TABLES[url.partition("://")[0]])
        return int(row["count"])


async def test_a_database_has_every_migration(database_url: str) -> None:
    async with Database(database_url) as database:
        await require_current_schema(database)


async def test_an_empty_database_has_no_tables(empty_database_url: str) -> None:
    assert await tables(empty_database_url) == 0


async def test_databases_share_nothing(databases: Databases) -> None:
    first, second = await databases.create(), await databases.create()
    before = await tables(second)

    async with Database(first) as database:
        await database.execute("CREATE TABLE only_here (id INTEGER)")

    assert await tables(first) == before + 1
    assert await tables(second) == before


async def test_a_database_in_use_can_be_dropped(databases: Databases) -> None:
    url = await databases.create()

    async with Database(url) as database:
        await database.fetch("SELECT 1")
        await databases.drop(url)


async def test_a_dropped_file_takes_its_journal_along(tmp_path: Path) -> None:
    databases = SqliteDatabases(tmp_path)
    url = await databases.create()
    async with Database(url) as database:
        await database.fetch("SELECT 1")
        await databases.drop(url)

    assert [path.name for path in tmp_path.glob("test-*")] == []
