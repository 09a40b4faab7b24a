"""Migrations: once, in order, however many start them; and a server on older tables says what to run."""

import asyncio

import pytest

from app.database.database import Database
from app.database.errors import DatabaseUnavailable, SchemaOutdated
from app.database.migrate import migrate, require_current_schema


async def test_a_new_database_gets_every_table_and_a_second_run_does_nothing(empty_database_url: str) -> None:
    first = await migrate(empty_database_url)
    second = await migrate(empty_database_url)

    async with Database(empty_database_url) as database:
        await require_current_schema(database)
        assert await database.fetch("SELECT * FROM delivery") == []
    assert first[0] == "0001_initial"
    assert second == []


async def test_replicas_that_start_at_once_migrate_once(empty_database_url: str) -> None:
    results = await asyncio.gather(*(migrate(empty_database_url) for _ in range(3)))

    assert sorted(bool(applied) for applied in results) == [False, False, True]


async def test_tables_without_migrations_are_refused_with_the_command_to_run(empty_database_url: str) -> None:
    async with Database(empty_database_url) as database:
        with pytest.raises(SchemaOutdated, match=r"the first being 0001_initial\. Run `eev-webhooks migrate`"):
            await require_current_schema(database)


async def test_a_database_that_lacks_the_last_migration_is_refused(database_url: str) -> None:
    async with Database(database_url) as database:
        row = await database.fetch_one("SELECT max(name) AS last FROM tortoise_migrations")
        assert row is not None
        await database.execute("DELETE FROM tortoise_migrations WHERE name = $1", row["last"])

        with pytest.raises(SchemaOutdated, match=f"lacks 1 migration\\(s\\), the first being {row['last']}"):
            await require_current_schema(database)


async def test_rows_are_kept_by_a_migration(empty_database_url: str) -> None:
    await migrate(empty_database_url)
    async with Database(empty_database_url) as database:
        await database.execute(
            "INSERT INTO workspace (id, name, created_at, registry_version) VALUES ('ws_1', 'kept', 1, 0)"
        )

    await migrate(empty_database_url)

    async with Database(empty_database_url) as database:
        assert await database.fetch("SELECT name FROM workspace") == [{"name": "kept"}]


async def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await migrate("postgres://nobody@127.0.0.1:9/none")
