"""Migrations run once, in order, however many processes start them; a server on older tables says what to run."""

import asyncio
from pathlib import Path

import pytest
from tortoise.migrations.executor import MigrationTarget

from app.database.database import Database, Row
from app.database.errors import DatabaseUnavailable, SchemaOutdated
from app.database.migrate import _executor, migrate, require_current_schema
from tests.receiver import Receiver
from tests.world import open_world

# Tables of the first migration that hold rows once a webhook has received a delivery.
TABLES = ("workspace", "api_key", "audit_entry", "webhook", "secret", "event", "delivery", "attempt")


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


async def migrated_back(database_url: str) -> None:
    """Revert every migration after the first, as far as tables go, to get the tables of an old installation."""
    async with _executor(database_url) as executor:
        await executor.migrate([MigrationTarget(app_label="app", name="0001_initial")], direction="backward")


async def rows_of(database: Database) -> dict[str, list[Row]]:
    rows = {table: await database.fetch(f"SELECT * FROM {table} ORDER BY id") for table in TABLES}
    # Set by changes since the column exists; without it, the whole registry is read.
    return rows | {"webhook": [{**row, "registry_version": None} for row in rows["webhook"]]}


async def test_an_old_database_that_holds_rows_is_migrated_with_them_and_goes_on(
    database_url: str, tmp_path: Path
) -> None:
    async with Receiver() as receiver:
        async with open_world(database_url, tmp_path, receiver=receiver) as world:
            await world.webhook()
            await world.publish()
            await world.until_status("SUCCEEDED")
        async with open_world(database_url, tmp_path, receiver=receiver, key=world.key, works=False) as world:
            waiting = await world.publish()
            before = await rows_of(world.resources.database)
        await migrated_back(database_url)
        async with Database(database_url) as database:
            with pytest.raises(SchemaOutdated, match=r"first being 0002_hot_indexes\. Run `eev-webhooks migrate`"):
                await require_current_schema(database)

        applied = await migrate(database_url)

        async with Database(database_url) as database:
            after = await rows_of(database)
        async with open_world(database_url, tmp_path, receiver=receiver, key=world.key):
            requests = await receiver.received(2)

    assert applied[0] == "0002_hot_indexes"
    # Earlier versions had no columns for these.
    before["attempt"] = [attempt | {"timing": None} for attempt in before["attempt"]]
    assert after == before
    assert all(before.values())
    assert requests[1].header("webhook-id") == waiting.row.id


async def test_a_database_that_is_away_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await migrate("postgres://nobody@127.0.0.1:9/none")
