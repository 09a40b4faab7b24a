"""Connections to PostgreSQL that no longer answer, without having ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from app.database import postgres, postgres_connection, postgres_session
from app.database.database import Database
from app.database.errors import DatabaseUnavailable
from app.database.postgres import STATEMENT_TIMEOUT_SECONDS, pool_of
from app.database.postgres_connection import Watch
from app.database.postgres_session import set_up
from app.database.statements import Statements
from app.web.health import Health
from tasks.periodic import heartbeat
from tests.postgres_proxy import PostgresProxy
from tests.world import open_world

# Sooner than the timeout of every statement.
SOON_SECONDS = STATEMENT_TIMEOUT_SECONDS - 5

pytestmark = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_connection, "SILENT_SECONDS", 0.2)
    monkeypatch.setattr(postgres_connection, "SILENT_ASIDE_SECONDS", 0.2)


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[PostgresProxy]:
    async with PostgresProxy(database_url) as proxy:
        yield proxy


async def test_when_connections_fall_silent_events_are_taken_and_delivered_again_soon(
    network: PostgresProxy, tmp_path: Path
) -> None:
    async with open_world(network.url, tmp_path, sweep_seconds=0.1) as world:
        database = world.resources.database
        await world.webhook()
        await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.1)") for _ in range(10)))  # opens all connections

        network.fall_silent()
        async with asyncio.timeout(SOON_SECONDS):
            while True:
                try:
                    await world.publish(idempotency_key="once")
                    break
                except DatabaseUnavailable:
                    continue
            await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1


async def test_an_event_whose_commit_was_never_answered_is_refused_as_unavailable_and_found_by_its_key(
    network: PostgresProxy, tmp_path: Path
) -> None:
    async with open_world(network.url, tmp_path, sweep_seconds=0.1) as world:
        await world.webhook()
        await world.publish()
        await world.until_status("SUCCEEDED")
        network.lose_commit_of("INSERT INTO event", silently=True)

        async with asyncio.timeout(SOON_SECONDS):
            with pytest.raises(DatabaseUnavailable):
                await world.publish(idempotency_key="once")
            again = await world.publish(idempotency_key="once")
            await world.until_status("SUCCEEDED", "SUCCEEDED")

        assert again.duplicate
        assert len(world.receiver.requests) == 2


async def test_a_server_whose_database_answers_nobody_is_not_ready_until_it_answers(
    network: PostgresProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connection, "ANSWER_SECONDS", 0.2)
    async with open_world(network.url, tmp_path, works=False) as world:
        network.fall_silent(for_good=True)
        meanwhile = await Health(world.resources, works=False).report()
        network.fall_silent()

        async with asyncio.timeout(SOON_SECONDS):
            while (await Health(world.resources, works=False).report()).status != "ok":
                pass

    assert meanwhile.status == "unavailable"


async def test_a_heartbeat_on_a_silent_connection_renews_the_lease_on_a_new_one(
    network: PostgresProxy, tmp_path: Path
) -> None:
    async with open_world(network.url, tmp_path, works=False) as world:
        beat = heartbeat(world.resources).do
        await beat()
        before = await world.rows("worker")

        network.fall_silent()
        async with asyncio.timeout(SOON_SECONDS):
            await beat()

        assert (await world.rows("worker"))[0]["lease_until"] > before[0]["lease_until"]


async def test_when_one_connection_is_found_silent_all_are_replaced_before_their_next_use(
    network: PostgresProxy,
) -> None:
    async with Database(network.url, pool_size=5) as database:
        await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.1)") for _ in range(5)))
        network.fall_silent()

        async with asyncio.timeout(SOON_SECONDS):
            with pytest.raises(DatabaseUnavailable):
                await database.fetch("SELECT 1")
            for _ in range(5):
                await database.fetch("SELECT 1")


async def test_a_connection_that_is_being_set_up_is_not_closed_with_those_that_are_suspected(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def suspected(connection: Any) -> None:
        connection.watch.suspect(monotonic() + 1)
        await set_up(connection)

    monkeypatch.setattr(postgres, "set_up", suspected)

    async with Database(database_url, pool_size=2) as database:
        assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]


async def test_a_transaction_on_a_silent_connection_ends_without_a_word_to_it(network: PostgresProxy) -> None:
    async with Database(network.url, pool_size=1) as database:

        async def fall_silent_in_the_middle() -> None:
            async with database.transaction() as statements:
                await statements.fetch("SELECT 1")
                network.fall_silent()
                await statements.fetch("SELECT 1")

        async with asyncio.timeout(SOON_SECONDS):
            with pytest.raises(DatabaseUnavailable):
                await fall_silent_in_the_middle()
            await database.fetch("SELECT 1")


_IS_CUT_OFF = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
    " AND wait_event = 'ClientRead' AND query LIKE '%cut off%'"
)


async def _cut_off(statements: Statements) -> None:
    """Lock a row, and prepare the next statement."""
    await statements.execute("UPDATE held SET n = 1")
    await statements.fetch("SELECT 'cut off'")


async def test_a_transaction_that_is_cut_off_while_a_statement_is_prepared_keeps_no_locks(
    network: PostgresProxy, database_url: str
) -> None:
    """The server waits for the rest of a statement without any timeout."""
    async with Database(network.url, pool_size=1) as database, Database(database_url, pool_size=1) as other:
        await other.execute("CREATE TABLE held AS SELECT 0 AS n")
        network.fall_silent_after("SELECT 'cut off'")

        with pytest.raises(DatabaseUnavailable):
            await database.in_transaction(_cut_off)

        assert await other.execute("UPDATE held SET n = 2") == 1


async def test_a_process_that_is_locked_out_ends_what_a_killed_one_left_cut_off(
    network: PostgresProxy, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connection, "CUT_OFF_SECONDS", 0.0)
    monkeypatch.setattr(postgres_session, "LOCK_SECONDS", 1)
    async with Database(network.url, pool_size=1) as killed, Database(database_url, pool_size=1) as other:
        await other.execute("CREATE TABLE held AS SELECT 0 AS n")
        monkeypatch.setattr(Watch, "silent", lambda *_: None)  # A killed process looks for nothing.
        network.fall_silent_after("SELECT 'cut off'")
        left = asyncio.create_task(killed.in_transaction(_cut_off))

        async with asyncio.timeout(SOON_SECONDS):
            while not await other.fetch(_IS_CUT_OFF):
                pass
            with pytest.raises(DatabaseUnavailable):
                await other.execute("UPDATE held SET n = 2")
            while True:
                with suppress(DatabaseUnavailable):
                    await other.execute("UPDATE held SET n = 2")
                    break
        left.cancel()


async def test_a_statement_that_the_server_works_on_may_take_its_time(database_url: str) -> None:
    async with Database(database_url, pool_size=2) as database:
        assert len(await database.fetch("SELECT pg_sleep(1)")) == 1


async def test_a_database_that_answers_nobody_is_unavailable_soon(
    network: PostgresProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connection, "ANSWER_SECONDS", 0.2)
    async with Database(network.url, pool_size=2) as database:
        network.fall_silent(for_good=True)

        async with asyncio.timeout(SOON_SECONDS):
            with pytest.raises(DatabaseUnavailable):
                await database.fetch("SELECT 1")


async def test_the_heartbeat_goes_on_while_all_connections_are_taken(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, database_pool_size=2, works=False) as world:
        client = world.resources.database.orm
        assert isinstance(client, AsyncpgDBClient)
        pool = pool_of(client)
        taken = [await pool.acquire() for _ in range(2)]

        async with asyncio.timeout(SOON_SECONDS):
            assert await world.resources.lease.renew()

        for connection in taken:
            await pool.release(connection)
