"""An installation moves from SQLite to PostgreSQL: everything, once, however often the move is interrupted."""

import asyncio
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import asyncpg
import pytest

from app.database.database import Database, sqlite_file
from app.database.errors import DatabaseUnavailable, SchemaOutdated
from app.database.migrate import connect, require_current_schema
from app.database.move import MoveRefused, give_up, move
from app.webhooks.secrets import reveal_secret
from tests.app.cli.installed import PROGRAM, environment, run
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver
from tests.world import open_world

DELIVERIES = 200_000
_MANY = f"""
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {DELIVERIES})
    INSERT INTO delivery ({{columns}}) SELECT {{values}} FROM n, (SELECT * FROM delivery LIMIT 1) AS one
"""


@pytest.fixture
async def source(sqlite_databases: SqliteDatabases) -> AsyncIterator[str]:
    url = await sqlite_databases.create()
    yield url
    await sqlite_databases.drop(url)


@pytest.fixture
async def target(postgres_databases: PostgresDatabases) -> AsyncIterator[str]:
    url = await postgres_databases.create_empty()
    yield url
    await postgres_databases.drop(url)


def add_deliveries(file: Path) -> None:
    """Copy the one delivery of a database many times, as finished, each of an event of its own."""
    with closing(sqlite3.connect(file)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(delivery)")]
        changed = {
            "id": "'dlv_' || printf('%026d', i)",
            "status": "'SUCCEEDED'",
            "sequence": "i + 10",
            "event_id": "event_id || i",
        }
        values = ", ".join(changed.get(column, f'"{column}"') for column in columns)
        connection.execute(_MANY.format(columns=", ".join(f'"{column}"' for column in columns), values=values))
        connection.commit()


async def copied(target: str) -> int:
    """The number of deliveries that are in the target, or 0 as long as it has no tables."""
    connection = await connect(target)
    try:
        count: int = await connection.fetchval("SELECT count(*) FROM delivery")
    except asyncpg.UndefinedTableError:
        return 0
    else:
        return count
    finally:
        connection.terminate()


async def killed_midway(command: list[str | Path], directory: Path, settings: dict[str, str], target: str) -> int:
    """Run a move, kill it once it has copied deliveries, and return how many there are."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=directory, env=environment(settings), stderr=subprocess.PIPE
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (count := await copied(target)):
            assert process.returncode is None, await process.communicate()
    process.kill()
    await process.communicate()
    return max(count, await copied(target))


async def test_everything_is_moved_although_the_move_is_killed_and_open_deliveries_go_on(
    source: str, target: str, tmp_path: Path
) -> None:
    async with Receiver() as receiver:
        async with open_world(source, tmp_path, works=False, receiver=receiver) as world:
            webhook = await world.webhook()
            event = await world.publish()
            secret = await reveal_secret(world.resources, world.caller, webhook.id)
        add_deliveries(sqlite_file(source))
        settings = {"DATABASE_URL": source, "DATA_DIR": str(tmp_path)}
        before = await killed_midway([PROGRAM, "move", "--to", target], tmp_path, settings, target)

        half_way = [await refusal(url) for url in (source, target)]
        finished = run("move", "--to", target, "--json", directory=tmp_path, **settings)

        assert 0 < before < DELIVERIES
        assert finished.returncode == 0, finished.stderr
        assert f'"delivery":{DELIVERIES + 1}' in finished.stdout
        assert await copied(target) == DELIVERIES + 1
        assert "Run `eev-webhooks move` again" in half_way[0]
        assert "is not finished" in half_way[1]
        assert "was moved to postgres://" in await refusal(source)
        async with open_world(target, tmp_path, receiver=receiver, key=world.key) as moved:
            [request] = await receiver.received(1)
            assert await reveal_secret(moved.resources, moved.caller, webhook.id) == secret
        assert request.header("webhook-id") == event.row.id


async def refusal(url: str) -> str:
    """Why no server starts on a database."""
    async with Database(url) as database:
        with pytest.raises(SchemaOutdated) as refused:
            await require_current_schema(database)
    return str(refused.value)


async def test_a_target_with_rows_is_refused_and_the_source_stays_usable(
    source: str, postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    used = await postgres_databases.create()
    async with open_world(used, tmp_path, works=False):
        pass

    with pytest.raises(MoveRefused, match="has rows"):
        await move(sqlite_file(source), used, lambda *_: None)

    async with Database(source) as database:
        await require_current_schema(database)
    await postgres_databases.drop(used)


async def test_a_source_in_use_is_refused(source: str, target: str, tmp_path: Path) -> None:
    settings = {"DATABASE_URL": source, "DATA_DIR": str(tmp_path)}
    async with open_world(source, tmp_path) as world:
        delivering = await asyncio.to_thread(lambda: run("move", "--to", target, directory=tmp_path, **settings))
    async with open_world(source, tmp_path, works=False, key=world.key):
        with pytest.raises(MoveRefused, match="works on this database"):
            await move(sqlite_file(source), target, lambda *_: None)

    assert (delivering.returncode, delivering.stdout) == (1, "")
    assert "Another server works on" in delivering.stderr


async def test_a_target_that_is_away_leaves_the_source_as_it_is(source: str) -> None:
    with pytest.raises(DatabaseUnavailable):
        await move(sqlite_file(source), "postgres://nobody@127.0.0.1:9/none", lambda *_: None)

    async with Database(source) as database:
        await require_current_schema(database)


async def test_a_copy_that_differs_is_found(source: str, target: str, tmp_path: Path) -> None:
    async with open_world(source, tmp_path, works=False):
        pass

    class Interrupted(Exception):
        pass

    def interrupt(table: str, _: int) -> None:
        if table == "workspace":
            raise Interrupted

    with pytest.raises(Interrupted):
        await move(sqlite_file(source), target, interrupt)
    connection = await connect(target)
    await connection.execute("UPDATE workspace SET name = 'another'")
    connection.terminate()

    with pytest.raises(MoveRefused, match="workspace has 1 rows in the file and 1 in PostgreSQL, with digests"):
        await move(sqlite_file(source), target, lambda *_: None)


async def test_a_move_into_the_database_of_another_is_refused_and_one_that_began_can_be_given_up(
    source: str, target: str, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    other = await sqlite_databases.create()
    for url in (source, other):
        async with open_world(url, tmp_path, works=False):
            pass

    def interrupt(*_: object) -> None:
        raise OSError("interrupted")

    with pytest.raises(DatabaseUnavailable):
        await move(sqlite_file(source), target, interrupt)
    with pytest.raises(MoveRefused, match="Another move"):
        await move(sqlite_file(other), target, lambda *_: None)
    begun = [give_up(sqlite_file(source)) for _ in range(2)]

    assert begun == [True, False]
    async with Database(source) as database:
        await require_current_schema(database)
