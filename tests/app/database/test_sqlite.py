"""SQLite's log is checkpointed beside the commits, so that none of them takes long."""

import asyncio
import gc
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from app.database.batch import Columns
from app.database.database import Database
from app.database.migrate import migrate
from app.database.probe import try_write
from app.database.sqlite import CHECKPOINT_ROWS, PRAGMAS, DurableSqliteClient, Log, in_thread
from tests.patience import PATIENCE_SECONDS

WORKSPACES: Columns = (("id", "text"), ("name", "text"))
INSERT = (
    "INSERT INTO workspace (id, name, created_at, registry_version) SELECT new.id, new.name, 0, 0 FROM {rows} AS new"
)
COMMIT = 100


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite://{tmp_path}/own.db"
    await migrate(url)
    async with Database(url) as opened:
        yield opened


def log_of(database: Database) -> Log:
    assert isinstance(database.orm, DurableSqliteClient)
    assert database.orm.wal is not None
    return database.orm.wal


async def write(database: Database, rows: int, *, name: str = "") -> None:
    """Write this many rows, in commits of 100."""
    [[before]] = [row.values() for row in await database.fetch("SELECT count(*) FROM workspace")]
    for first in range(before, before + rows, COMMIT):
        new = [(f"ws_{first + n}", name) for n in range(COMMIT)]
        await database.write_rows(INSERT, WORKSPACES, new)


def checkpoint_of(log: Log) -> "asyncio.Future[None] | None":
    return log.checkpoint


def begin_long_checkpoint(log: Log) -> tuple["asyncio.Future[None]", threading.Event]:
    """Begin a checkpoint that runs until the event is set."""
    end = threading.Event()

    def wait(_: sqlite3.Connection) -> None:
        assert end.wait(PATIENCE_SECONDS)

    log.checkpoint = in_thread(log.connection, wait)
    return log.checkpoint, end


def rows_in_the_file_alone(tmp_path: Path) -> int:
    """Number of rows in the file without the log."""
    shutil.copy(tmp_path / "own.db", tmp_path / "without_log.db")
    with closing(sqlite3.connect(tmp_path / "without_log.db")) as file:
        [[rows]] = file.execute("SELECT count(*) FROM workspace").fetchall()
    return int(rows)


async def test_what_was_committed_is_put_into_the_file_without_a_commit_doing_it(
    database: Database, tmp_path: Path
) -> None:
    log = log_of(database)

    await write(database, CHECKPOINT_ROWS - COMMIT)
    assert checkpoint_of(log) is None
    await write(database, COMMIT)
    assert log.checkpoint is not None
    await log.checkpoint

    assert rows_in_the_file_alone(tmp_path) == CHECKPOINT_ROWS


async def test_commits_go_on_while_the_log_is_put_into_the_file_and_are_in_the_next_one(
    database: Database, tmp_path: Path
) -> None:
    log = log_of(database)
    long, end = begin_long_checkpoint(log)

    await write(database, 2 * CHECKPOINT_ROWS)
    assert log.checkpoint is long
    end.set()
    await long
    await write(database, COMMIT)
    await log.checkpoint

    assert rows_in_the_file_alone(tmp_path) == 2 * CHECKPOINT_ROWS + COMMIT


async def test_a_log_that_grows_long_nevertheless_is_put_into_the_file_by_a_commit(
    database: Database, tmp_path: Path
) -> None:
    long, end = begin_long_checkpoint(log_of(database))

    await write(database, int(PRAGMAS["wal_autocheckpoint"]), name="n" * 4_096)  # One page per row, or more.
    in_file = rows_in_the_file_alone(tmp_path)
    end.set()
    await long

    assert in_file > 0


async def test_nobody_is_told_of_the_error_of_a_transaction_whose_caller_has_gone(database: Database) -> None:
    loop = asyncio.get_running_loop()
    told: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    async with database.transaction():
        check = asyncio.create_task(try_write(database))
        await asyncio.sleep(0)
        check.cancel()
        with suppress(asyncio.CancelledError):
            await check
    await database.execute("DELETE FROM workspace WHERE false")  # after the one that was waiting
    gc.collect()

    assert told == []
