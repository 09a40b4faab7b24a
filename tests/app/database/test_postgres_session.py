"""PostgreSQL sessions that others have configured, closed or made read-only, and how the product reacts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from tortoise.backends.asyncpg.client import AsyncpgDBClient

from app.database import postgres_connection
from app.database.database import Database, Statements
from app.database.errors import DatabaseUnavailable, DatabaseUnsuitable
from app.database.migrate import migrate
from app.database.postgres import pool_of
from app.database.postgres_session import refuse_pooler
from app.database.probe import try_write
from tests.databases import PostgresDatabases
from tests.services import Postgres

WRITE = "UPDATE workspace SET registry_version = registry_version + 1"

pytestmark = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


@pytest.fixture
async def administrator(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of an administrator."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, pool_size=3) as opened:
        await opened.execute("INSERT INTO workspace (id, name, created_at, registry_version) VALUES ('a', 'a', 1, 0)")
        yield opened


async def set_for_all(administrator: asyncpg.Connection, setting: str) -> None:
    """Configure every new session on the test's database."""
    name = await administrator.fetchval("SELECT current_database()")
    await administrator.execute(f'ALTER DATABASE "{name}" SET {setting}')


async def on_every_connection(database: Database, statement: str) -> None:
    """Open all connections of the pool, and run a statement on each."""
    assert isinstance(database.orm, AsyncpgDBClient)
    pool = pool_of(database.orm)
    connections: list[Any] = [await pool.acquire() for _ in range(pool.get_max_size())]
    for connection in connections:
        await connection.execute(statement)
        await pool.release(connection)


async def version(database: Database) -> int:
    row = await database.fetch_one("SELECT registry_version FROM workspace")
    assert row is not None
    return int(row["registry_version"])


async def test_what_is_set_for_a_database_or_a_role_does_not_change_how_transactions_work(
    administrator: asyncpg.Connection, database_url: str
) -> None:
    for setting in (
        "default_transaction_isolation = 'serializable'",
        "lock_timeout = 200",
        "statement_timeout = 200",
        "jit = on",
    ):
        await set_for_all(administrator, setting)

    async with Database(database_url) as database:
        await database.fetch("SELECT pg_sleep(0.3)")
        shown = [
            list((await database.fetch(f"SHOW {name}"))[0].values())
            for name in ("transaction_isolation", "lock_timeout", "statement_timeout", "jit")
        ]

    assert shown == [["read committed"], ["10s"], ["28s"], ["off"]]
    assert await migrate(database_url) == []


async def test_sessions_on_a_server_that_has_become_read_only_are_replaced_before_anybody_notices(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_connection, "FRESH_SECONDS", 0)
    await on_every_connection(database, "SET default_transaction_read_only = on")

    await database.execute(WRITE)
    await database.in_transaction(lambda statements: statements.execute(WRITE))
    await try_write(database)

    assert await version(database) == 2


async def test_a_database_that_is_read_only_is_unavailable_and_written_to_again_without_a_restart(
    database: Database, administrator: asyncpg.Connection
) -> None:
    await set_for_all(administrator, "default_transaction_read_only = on")
    await on_every_connection(database, "SET default_transaction_read_only = on")

    for write in (database.execute(WRITE), database.in_transaction(lambda s: s.execute(WRITE)), try_write(database)):
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            await write
    assert await version(database) == 0
    await administrator.execute("SET default_transaction_read_only = off")
    await set_for_all(administrator, "default_transaction_read_only = off")
    await database.execute(WRITE)

    assert await version(database) == 1


async def test_a_disk_without_room_takes_no_writes(database: Database) -> None:
    await try_write(database)
    await on_every_connection(database, "SET temp_file_limit = '100kB'")

    with pytest.raises(DatabaseUnavailable, match="temporary file size exceeds"):
        await try_write(database)


async def test_of_two_transactions_that_wait_for_each_other_both_are_done(database: Database) -> None:
    await database.execute("INSERT INTO workspace (id, name, created_at, registry_version) VALUES ('b', 'b', 1, 0)")
    both_hold_one = asyncio.Barrier(2)

    async def touch_both(first: str, second: str) -> None:
        met: list[None] = []

        async def work(statements: Statements) -> None:
            await statements.execute(f"{WRITE} WHERE id = $1", first)
            if not met:
                met.append(None)
                await both_hold_one.wait()
            await statements.execute(f"{WRITE} WHERE id = $1", second)

        await database.in_transaction(work)

    await asyncio.gather(touch_both("a", "b"), touch_both("b", "a"))

    assert await database.fetch("SELECT registry_version FROM workspace") == [{"registry_version": 2}] * 2


async def test_a_transaction_that_cannot_be_serialized_is_tried_again_but_not_forever(database: Database) -> None:
    tries = []

    async def work(statements: Statements) -> None:
        tries.append(await statements.execute(WRITE))
        await statements.execute("DO $$ BEGIN RAISE EXCEPTION 'could not serialize' USING ERRCODE = '40001'; END $$")

    with pytest.raises(DatabaseUnavailable, match="could not serialize"):
        await database.in_transaction(work)

    assert tries == [1, 1, 1]
    assert await version(database) == 0


async def test_statements_that_were_prepared_before_a_migration_work_after_it(
    database: Database, administrator: asyncpg.Connection
) -> None:
    statement = "SELECT * FROM workspace"

    async def work(statements: Statements) -> int:
        return len((await statements.fetch(statement))[0])

    before = await database.in_transaction(work)
    await administrator.execute("ALTER TABLE workspace ADD COLUMN later text")

    assert await database.in_transaction(work) == before + 1
    assert len((await database.fetch(statement))[0]) == before + 1


async def test_a_role_that_may_not_log_in_any_more_is_unavailable_until_it_may(
    administrator: asyncpg.Connection, database_url: str
) -> None:
    await administrator.execute("DROP ROLE IF EXISTS rotated")
    await administrator.execute("CREATE ROLE rotated SUPERUSER LOGIN")
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'rotated'"
    async with Database(database_url.replace("postgres@", "rotated@"), pool_size=2) as database:
        await administrator.execute("ALTER ROLE rotated NOLOGIN")
        await administrator.execute(ended)
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await database.fetch("SELECT 1")
        await administrator.execute("ALTER ROLE rotated LOGIN")

        assert await database.fetch("SELECT 1 AS one") == [{"one": 1}]
    await administrator.execute("DROP ROLE rotated")


async def test_a_database_that_cannot_hold_every_text_is_refused(
    databases: PostgresDatabases,
    postgres_server: Postgres,
) -> None:
    connection = await asyncpg.connect(postgres_server.url)
    await connection.execute('DROP DATABASE IF EXISTS "latin"')
    await connection.execute("CREATE DATABASE \"latin\" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    url = postgres_server.database_url("latin")

    with pytest.raises(DatabaseUnsuitable, match="encoding LATIN1"):
        await migrate(url)
    with pytest.raises(DatabaseUnsuitable, match="ENCODING 'UTF8'"):
        async with Database(url):
            pass  # pragma: no cover
    await connection.execute('DROP DATABASE "latin"')
    await connection.close()


class Pooled:
    """A connection to a pooler, as its client sees it: the process number is made up."""

    def __init__(self, session: asyncpg.Connection) -> None:
        self._session = session

    async def fetchval(self, query: str) -> Any:
        return await self._session.fetchval(query)

    def get_server_pid(self) -> int:
        return 0

    def terminate(self) -> None:
        """Only the pooler's client disconnects."""


async def test_a_pooler_is_refused_where_it_gives_two_clients_one_session(database_url: str) -> None:
    sessions = [await asyncpg.connect(database_url) for _ in range(3)]
    another = iter(sessions[1:])

    async def one_session() -> Any:
        return Pooled(sessions[0])

    async def its_own_session() -> Any:
        return Pooled(next(another))

    await refuse_pooler(sessions[0], one_session)  # no pooler
    await refuse_pooler(Pooled(sessions[0]), its_own_session)
    with pytest.raises(DatabaseUnsuitable, match="pool_mode = session"):
        await refuse_pooler(Pooled(sessions[0]), one_session)

    for session in sessions:
        await session.close()
