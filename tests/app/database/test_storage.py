"""How PostgreSQL stores what is updated most: new versions of rows beside the old ones, and vacuumed early."""

from collections.abc import AsyncIterator

import pytest

from app.database.database import Database
from tests.databases import PostgresDatabases

ROWS = 1_000


@pytest.fixture
async def database(postgres_databases: PostgresDatabases) -> AsyncIterator[Database]:
    url = await postgres_databases.create()
    async with Database(url) as database:
        yield database
    await postgres_databases.drop(url)


async def test_the_numbers_of_many_webhooks_are_counted_up_without_touching_an_index(database: Database) -> None:
    await database.execute(
        "INSERT INTO webhook_sequence SELECT 'wh_' || lpad(n::text, 26, '0'), 0 FROM generate_series(1, $1) AS n", ROWS
    )

    # In one transaction, so that the statistics are those of this one connection.
    async with database.transaction() as statements:
        await statements.execute("UPDATE webhook_sequence SET last_sequence = last_sequence + 1")
        (counted,) = await statements.fetch(
            "SELECT n_tup_upd AS updated, n_tup_hot_upd AS hot FROM pg_stat_xact_user_tables"
            " WHERE relname = 'webhook_sequence'"
        )

    assert counted["updated"] == ROWS
    assert counted["hot"] >= 0.9 * ROWS  # With full pages, it would be almost none.


async def test_deliveries_are_vacuumed_long_before_a_fifth_of_them_is_dead(database: Database) -> None:
    (row,) = await database.fetch("SELECT reloptions FROM pg_class WHERE relname = 'delivery'")

    assert "autovacuum_vacuum_scale_factor=0.01" in row["reloptions"]
