"""What PostgreSQL does to connections and transactions that it gives up, and how the product reacts."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.database import postgres_session
from app.database.database import Database, Statements
from app.database.errors import DatabaseUnavailable, TransactionUndone
from tests.patience import PATIENCE_SECONDS
from tests.postgres_proxy import PostgresProxy

pytestmark = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, pool_size=2) as opened:
        for name in ("ws_a", "ws_b"):
            await opened.execute(
                "INSERT INTO workspace (id, name, created_at, registry_version) VALUES ($1, $1, 1, 0)", name
            )
        yield opened


async def touch(statements: Statements, workspace_id: str) -> None:
    await statements.execute("UPDATE workspace SET registry_version = registry_version + 1 WHERE id = $1", workspace_id)


async def until_busy(database: Database, text: str) -> int:
    """Wait until another connection runs a statement that contains this text, and return its process."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            row = await database.fetch_one(
                "SELECT pid FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
                " AND query LIKE '%' || $1 || '%'",
                text,
            )
            if row is not None:
                return int(row["pid"])


async def test_a_connection_that_is_ended_in_the_middle_of_a_statement_is_unavailable_and_replaced(
    database: Database,
) -> None:
    async def sleep() -> None:
        async with database.transaction() as statements:
            await touch(statements, "ws_a")
            await statements.fetch("SELECT pg_sleep(60)")

    for _ in range(4):  # More than the pool has.
        sleeping = asyncio.create_task(sleep())
        pid = await until_busy(database, "pg_sleep")
        await database.fetch("SELECT pg_terminate_backend($1::int)", pid)
        with pytest.raises(DatabaseUnavailable):
            await sleeping

    async with asyncio.timeout(PATIENCE_SECONDS), database.transaction() as statements:
        assert await statements.fetch_one("SELECT max(registry_version) AS most FROM workspace") == {"most": 0}


async def test_a_connection_that_has_heard_its_last_word_is_unavailable_and_replaced(database_url: str) -> None:
    # Regression: asyncpg then raises an InternalClientError, also when the connection is returned to the pool.
    async with PostgresProxy(database_url) as network, Database(network.url, pool_size=2) as database:

        async def lose_the_connection_in_the_middle() -> None:
            async with database.transaction() as statements:
                row = await statements.fetch_one("SELECT pg_backend_pid() AS pid")
                assert row is not None
                with network.holding_ends():
                    await database.fetch("SELECT pg_terminate_backend($1::int)", row["pid"])
                    await network.ended()
                    await statements.fetch("SELECT 1")

        for _ in range(4):  # More than the pool has.
            with pytest.raises(DatabaseUnavailable):
                await lose_the_connection_in_the_middle()


async def test_of_two_transactions_that_wait_for_each_other_one_is_told_to_retry(database: Database) -> None:
    both_hold_one = asyncio.Barrier(2)

    async def touch_both(first: str, second: str) -> None:
        async with database.transaction() as statements:
            await touch(statements, first)
            await both_hold_one.wait()
            await touch(statements, second)

    outcomes = await asyncio.gather(touch_both("ws_a", "ws_b"), touch_both("ws_b", "ws_a"), return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {type(None), TransactionUndone}


async def test_a_transaction_of_a_process_that_has_stopped_answering_holds_up_others_only_for_a_moment(
    database_url: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_session, "IDLE_IN_TRANSACTION_SECONDS", 0.2)
    async with Database(database_url) as frozen:

        async def stop_in_the_middle() -> None:
            async with frozen.transaction() as statements:
                await touch(statements, "ws_a")
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await touch(database, "ws_a")  # Waits until the other transaction's lock is released.
                await touch(statements, "ws_a")

        with pytest.raises(DatabaseUnavailable):
            await stop_in_the_middle()

    assert await database.fetch_one("SELECT max(registry_version) AS most FROM workspace") == {"most": 1}


async def test_that_bound_outlives_the_use_of_a_connection(database: Database) -> None:
    for _ in range(3):
        async with database.transaction() as statements:
            await touch(statements, "ws_a")

    shown = await database.fetch_one("SHOW idle_in_transaction_session_timeout")

    assert shown == {"idle_in_transaction_session_timeout": f"{postgres_session.IDLE_IN_TRANSACTION_SECONDS}s"}
