"""Statements with a time limit end when it is over, in the database too, and others do not notice."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.database.database import Database
from app.database.in_time import InTime, NotInTime
from tests.patience import PATIENCE_SECONDS

# Minutes, at the least.
ENDLESS = {
    "sqlite": "SELECT count(*) AS n FROM (WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number)"
    " SELECT n FROM number LIMIT 10000000000) AS numbers",
    "postgres": "SELECT 1 AS n FROM pg_sleep(3600)",
}
RUNNING = (
    "SELECT count(*) AS n FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%' AND datname = current_database()"
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, pool_size=1) as opened:
        yield opened


async def test_a_statement_ends_with_its_time_and_the_connection_is_free_again(database: Database) -> None:
    for _ in range(5):  # more than there are connections
        with pytest.raises(NotInTime):
            await InTime(database, 0.05).fetch(ENDLESS[database.dialect])

    assert await InTime(database, 20).fetch("SELECT $1 AS n", "x") == [{"n": "x"}]
    if database.dialect == "postgres":
        running = f"{RUNNING} AND state = 'active' AND pid <> pg_backend_pid()"
        async with asyncio.timeout(PATIENCE_SECONDS):  # PostgreSQL does not say when a canceled statement has ended
            while await database.fetch(running) != [{"n": 0}]:
                pass


async def test_the_limit_of_one_statement_is_not_that_of_the_next(database: Database) -> None:
    assert await InTime(database, 0.5).fetch("SELECT 1 AS n") == [{"n": 1}]

    with pytest.raises(NotInTime):
        await InTime(database, 0.05).fetch(ENDLESS[database.dialect])
    assert await database.fetch("SELECT 1 AS n") == [{"n": 1}]
