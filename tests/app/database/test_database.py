"""Transactions commit, roll back and release their connection, whatever happens to the task that runs them."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import aiosqlite
import pytest

from app.database import sqlite_statements
from app.database.batch import Columns
from app.database.database import Database, Statements
from app.database.errors import DatabaseUnavailable, NotAllTouched, UniqueViolation
from app.database.migrate import migrate
from app.database.sqlite import DurableSqliteClient, opened
from app.models import Workspace
from tests.patience import PATIENCE_SECONDS

_Result = TypeVar("_Result")

WORKSPACES: Columns = (("id", "text"), ("created_at", "bigint"))
INSERT = (
    "INSERT INTO workspace (id, name, created_at, registry_version) SELECT id, id, created_at, 0 FROM {rows} AS new"
    " RETURNING id"
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url, pool_size=2) as opened:
        yield opened


async def insert(statements: Statements, *ids: str) -> list[str]:
    rows = await statements.fetch_rows(INSERT, WORKSPACES, [(id_, 1) for id_ in ids])
    return [row["id"] for row in rows]


async def ids(database: Database) -> list[str]:
    return [row["id"] for row in await database.fetch("SELECT id FROM workspace ORDER BY id")]


async def test_a_batch_is_inserted_and_returned_by_one_statement(database: Database) -> None:
    returned = await insert(database, "ws_a", "ws_b")

    assert sorted(returned) == ["ws_a", "ws_b"]
    assert await ids(database) == ["ws_a", "ws_b"]


async def test_what_a_transaction_did_is_undone_when_it_raises(database: Database) -> None:
    async def insert_and_fail() -> None:
        async with database.transaction() as statements:
            await insert(statements, "ws_a")
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await insert_and_fail()

    assert await ids(database) == []


async def test_a_second_row_with_the_same_key_is_recognised_and_undoes_the_transaction(database: Database) -> None:
    await insert(database, "ws_a")

    async def insert_both() -> None:
        async with database.transaction() as statements:
            await insert(statements, "ws_b")
            await insert(statements, "ws_a")

    with pytest.raises(UniqueViolation):
        await insert_both()

    assert await ids(database) == ["ws_a"]


async def test_transactions_of_several_tasks_do_not_mix(database: Database) -> None:
    async def add(name: str, *, fail: bool) -> None:
        async with database.transaction() as statements:
            await insert(statements, f"ws_{name}1")
            await asyncio.sleep(0)
            await insert(statements, f"ws_{name}2")
            if fail:
                raise RuntimeError(name)

    await asyncio.gather(*(add(name, fail=name in "bd") for name in "abcde"), return_exceptions=True)

    assert await ids(database) == ["ws_a1", "ws_a2", "ws_c1", "ws_c2", "ws_e1", "ws_e2"]


@pytest.mark.parametrize("steps", range(12))
async def test_a_task_cancelled_at_any_step_gives_its_connection_back(database: Database, steps: int) -> None:
    # Regression: Tortoise 1.1.9 loses the connection of a task that is canceled while it enters a transaction.
    async def work() -> None:
        async with database.transaction() as statements:
            await insert(statements, f"ws_cancelled{steps}")
            await asyncio.sleep(0)

    for _ in range(4):  # More than the pool has.
        task = asyncio.create_task(work())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.execute("DELETE FROM workspace")

    async with asyncio.timeout(PATIENCE_SECONDS), database.transaction() as statements:
        assert await insert(statements, "ws_after") == ["ws_after"]
    assert await ids(database) == ["ws_after"]


async def test_a_whole_transaction_is_committed_together_or_not_at_all(database: Database) -> None:
    async def insert_two(statements: Statements) -> list[str]:
        return await insert(statements, "ws_a") + await insert(statements, "ws_b")

    async def insert_twice(statements: Statements) -> None:
        await insert(statements, "ws_c")
        await insert(statements, "ws_a")

    assert await database.in_transaction(insert_two) == ["ws_a", "ws_b"]
    with pytest.raises(UniqueViolation):
        await database.in_transaction(insert_twice)

    assert await ids(database) == ["ws_a", "ws_b"]


async def test_a_whole_transaction_stays_out_of_other_transactions(database: Database) -> None:
    async def insert_one(name: str) -> None:
        await database.in_transaction(lambda statements: insert(statements, name))

    async def insert_and_fail(name: str) -> None:
        async with database.transaction() as statements:
            await insert(statements, name)
            await asyncio.sleep(0)
            raise RuntimeError("on purpose")

    works = [insert_one(f"ws_a{n}") if n % 2 else insert_and_fail(f"ws_b{n}") for n in range(8)]
    await asyncio.gather(*works, return_exceptions=True)

    assert await ids(database) == ["ws_a1", "ws_a3", "ws_a5", "ws_a7"]


@pytest.mark.parametrize("steps", range(8))
async def test_a_whole_transaction_is_committed_or_not_there_when_its_task_is_cancelled(
    database: Database, steps: int
) -> None:
    async def insert_two(statements: Statements) -> None:
        await insert(statements, "ws_a")
        await insert(statements, "ws_b")

    for _ in range(4):  # More than the pool has.
        task = asyncio.create_task(database.in_transaction(insert_two))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.transaction() as statements:  # it waits for what is running
            assert await statements.fetch_one("SELECT count(*) AS count FROM workspace") in ({"count": 0}, {"count": 2})
        await database.execute("DELETE FROM workspace")

    async with asyncio.timeout(PATIENCE_SECONDS):
        await database.in_transaction(insert_two)
    assert await ids(database) == ["ws_a", "ws_b"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_between_statements_that_are_done_together_nothing_else_is_awaited(database: Database) -> None:
    async def wait_in_the_middle(statements: Statements) -> None:
        await insert(statements, "ws_a")
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="nothing may be awaited"):
        await database.in_transaction(wait_in_the_middle)

    assert await ids(database) == []


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_whole_transaction_waits_for_another_process_without_holding_up_the_loop(database: Database) -> None:
    other = sqlite3.connect(database.url.removeprefix("sqlite://"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    async with asyncio.timeout(PATIENCE_SECONDS):
        waiting = asyncio.create_task(database.in_transaction(lambda statements: insert(statements, "ws_a")))
        for _ in range(20):
            await asyncio.sleep(0)
        other.execute("COMMIT")
        other.close()
        assert await waiting == ["ws_a"]

    assert await ids(database) == ["ws_a"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_after_statements_that_held_up_the_loop_the_next_ones_run_elsewhere(database: Database) -> None:
    threads = []

    async def insert_slowly(statements: Statements) -> list[str]:
        threads.append(threading.get_ident())
        await statements.fetch(
            "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000000) SELECT max(n) FROM n"
        )
        return await insert(statements, f"ws_{len(threads)}")

    for _ in range(2):
        await database.in_transaction(insert_slowly)

    loop_thread, other = threads
    assert loop_thread == threading.get_ident() != other
    assert await ids(database) == ["ws_1", "ws_2"]


class Held:
    """An SQL function that blocks a connection's thread until it is released; 0 if that never happened."""

    def __init__(self, *connections: aiosqlite.Connection | None) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.was_let_go: bool | None = None
        for connection in connections:
            assert connection is not None
            connection._conn.create_function("held_up", 0, self._hold)

    def _hold(self) -> int:
        self.begun.set()
        self.was_let_go = self.let_go.wait(PATIENCE_SECONDS)
        return int(self.was_let_go)

    async def up(self, work: Coroutine[Any, Any, _Result]) -> "asyncio.Task[_Result]":
        """Start work that calls the function, and return once the thread is blocked."""
        task = asyncio.create_task(work)
        await asyncio.to_thread(self.begun.wait, 10)
        return task

    async def insert_meanwhile(self, database: Database, id_: str) -> None:
        """Insert a row in a transaction that gets as far as it can before the thread is released."""
        inserting = asyncio.create_task(database.in_transaction(lambda statements: insert(statements, id_)))
        for _ in range(5):
            await asyncio.sleep(0)
        self.let_go.set()
        await inserting


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_long_read_holds_up_neither_the_loop_nor_what_is_written(database: Database) -> None:
    assert isinstance(database.orm, DurableSqliteClient)
    held = Held(*(reader.connection for reader in database.orm.readers))

    reading = await held.up(database.fetch("SELECT held_up() AS let_go, count(*) AS count FROM workspace"))
    await database.in_transaction(lambda statements: insert(statements, "ws_a"))
    held.let_go.set()

    assert await reading == [{"let_go": 1, "count": 0}]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_what_the_orm_still_does_for_a_caller_that_has_gone_does_not_hold_up_the_loop(database: Database) -> None:
    assert isinstance(database.orm, DurableSqliteClient)
    held = Held(database.orm._connection)

    reading = await held.up(database.orm.execute_query("SELECT held_up()"))
    reading.cancel()
    await asyncio.wait([reading])
    await held.insert_meanwhile(database, "ws_a")

    assert held.was_let_go


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_long_read_does_not_hold_up_others_even_when_its_caller_has_gone(database: Database) -> None:
    assert isinstance(database.orm, DurableSqliteClient)
    held = Held(*(reader.connection for reader in database.orm.readers))

    reading = await held.up(database.fetch("SELECT held_up()"))
    reading.cancel()
    await asyncio.wait([reading])
    for _ in range(3):
        assert await ids(database) == []

    assert [reader.unfinished for reader in database.orm.readers] == [1, 0]
    held.let_go.set()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_what_reads_cannot_write(database: Database) -> None:
    assert isinstance(database.orm, DurableSqliteClient)

    for reader in database.orm.readers:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.connection.execute("DELETE FROM workspace")


async def test_a_file_that_is_no_database_is_said_to_be_none_and_leaves_nothing_open(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.db"
    damaged.write_text("not a database " * 300)
    threads = threading.enumerate()

    for _ in range(2):
        with pytest.raises(DatabaseUnavailable, match="not a database"):
            await migrate(f"sqlite://{damaged}")
        with pytest.raises(DatabaseUnavailable, match="not a database"):
            async with Database(f"sqlite://{damaged}"):
                pass

    assert_ended_since(threads)


def assert_ended_since(threads: Sequence[threading.Thread]) -> None:
    """Assert that no connection thread started since then is still running."""
    for thread in threading.enumerate():
        if thread not in threads and "_connection_worker_thread" in thread.name:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()


@pytest.mark.parametrize("fails", range(4))
async def test_a_database_that_can_be_opened_in_part_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    threads, opening, number = threading.enumerate(), DurableSqliteClient._opened, count()

    async def opened_or_not(client: DurableSqliteClient, pragmas: Mapping[str, str | int]) -> aiosqlite.Connection:
        if next(number) == fails:
            raise sqlite3.OperationalError("unable to open database file")
        return await opening(client, pragmas)

    monkeypatch.setattr(DurableSqliteClient, "_opened", opened_or_not)
    with pytest.raises(DatabaseUnavailable, match="unable to open"):
        async with Database(f"sqlite://{tmp_path}/new.db"):
            pass

    assert_ended_since(threads)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_long_write_does_not_hold_up_the_loop_even_when_its_caller_has_gone(database: Database) -> None:
    await insert(database, "ws_a")
    assert isinstance(database.orm, DurableSqliteClient)
    held = Held(database.orm._connection)

    changing = await held.up(database.execute("UPDATE workspace SET registry_version = held_up()"))
    changing.cancel()
    await held.insert_meanwhile(database, "ws_b")

    assert await database.fetch("SELECT registry_version FROM workspace WHERE id = 'ws_a'") == [{"registry_version": 1}]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_commit_begins_however_busy_the_loop_is_after_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_statements, "BEGIN_SECONDS", 10)
    assert isinstance(database.orm, DurableSqliteClient)
    connection = opened(database.orm._connection)._conn
    interval = sys.getswitchinterval()
    sys.setswitchinterval(60)  # Other threads get the interpreter only when this one gives it up by itself.
    try:
        connection.execute("BEGIN IMMEDIATE")
        committed = sqlite_statements._commit(database.orm)
        until = monotonic() + PATIENCE_SECONDS
        while connection.in_transaction and monotonic() < until:
            pass

        assert not connection.in_transaction
    finally:
        sys.setswitchinterval(interval)
    await committed


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_very_many_rows_are_not_written_on_the_loop(database: Database) -> None:
    async def insert_where(statements: Statements) -> int:
        await insert(statements, "ws_a")
        return threading.get_ident()

    assert await database.in_transaction(insert_where, rows=100_000) != threading.get_ident()
    assert await ids(database) == ["ws_a"]


async def test_rows_are_written_as_one_and_counted(database: Database) -> None:
    text = (
        "INSERT INTO workspace (id, name, created_at, registry_version)"
        " SELECT new.id, $1, new.created_at, 0 FROM {rows} AS new WHERE true ON CONFLICT (id) DO NOTHING"
    )
    move = "UPDATE workspace SET registry_version = new.created_at FROM {rows} AS new WHERE workspace.id = new.id"

    assert await database.write_rows(text, WORKSPACES, [("ws_a", 1), ("ws_b", 2)], "name") == 2
    assert await database.write_rows(text, WORKSPACES, [("ws_b", 3), ("ws_c", 4)], "name") == 1
    assert await database.write_rows(move, WORKSPACES, [("ws_a", 5), ("ws_d", 6)]) == 1
    with pytest.raises(UniqueViolation):
        await database.write_rows(text.split("WHERE", maxsplit=1)[0], WORKSPACES, [("ws_e", 1), ("ws_a", 2)], "name")

    rows = await database.fetch("SELECT id, name, created_at, registry_version FROM workspace ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [
        ("ws_a", "name", 1, 5),
        ("ws_b", "name", 2, 0),
        ("ws_c", "name", 4, 0),
    ]


async def test_writes_are_undone_unless_all_of_them_touch_all_their_rows(database: Database) -> None:
    add = (
        "INSERT INTO workspace (id, name, created_at, registry_version)"
        " SELECT new.id, 'n', new.created_at, 0 FROM {rows} AS new"
    )
    find = "SELECT 1 FROM {rows} AS new JOIN workspace w ON w.id = new.id AND w.created_at = new.created_at"
    move = "UPDATE workspace SET registry_version = new.created_at FROM {rows} AS new WHERE workspace.id = new.id"

    await database.write_all((add, WORKSPACES, [("ws_a", 1), ("ws_b", 2)]))
    for found, moved in (([("ws_a", 2)], [("ws_b", 3)]), ([("ws_a", 1)], [("ws_a", 3), ("ws_d", 3)])):
        with pytest.raises(NotAllTouched):
            await database.write_all(
                (find, WORKSPACES, found), (add, WORKSPACES, [("ws_c", 1)]), (move, WORKSPACES, moved)
            )
    await database.write_all(
        (find, WORKSPACES, [("ws_a", 1)]), (add, WORKSPACES, [("ws_e", 1)]), (move, WORKSPACES, [("ws_a", 7)])
    )
    with pytest.raises(UniqueViolation):
        await database.write_all((move, WORKSPACES, [("ws_a", 8)]), (add, WORKSPACES, [("ws_f", 1), ("ws_b", 1)]))

    rows = await database.fetch("SELECT id, registry_version FROM workspace ORDER BY id")
    assert [tuple(row.values()) for row in rows] == [("ws_a", 7), ("ws_b", 0), ("ws_e", 0)]


async def test_two_writers_that_read_first_wait_for_each_other(database_url: str) -> None:
    # Regression: SQLite begins transactions deferred, so the second writer gets "database is locked".
    async with Database(database_url) as one, Database(database_url) as other:
        await insert(one, "ws_a")

        async def raise_version(database: Database) -> None:
            async with database.transaction() as statements:
                await statements.fetch("SELECT id FROM workspace")
                await statements.execute("UPDATE workspace SET registry_version = registry_version + 1")

        await asyncio.gather(*(raise_version(database) for database in (one, other) for _ in range(10)))
        row = await one.fetch_one("SELECT registry_version FROM workspace")

    assert row == {"registry_version": 20}


async def test_a_commit_on_sqlite_survives_the_loss_of_power(database: Database) -> None:
    if database.dialect == "sqlite":
        assert await database.fetch_one("PRAGMA synchronous") == {"synchronous": 2}
        assert await database.fetch_one("PRAGMA journal_mode") == {"journal_mode": "wal"}
    else:
        assert await database.fetch_one("SHOW synchronous_commit") == {"synchronous_commit": "on"}


async def test_a_database_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        async with Database("postgres://nobody@127.0.0.1:9/none"):
            pass  # pragma: no cover


async def test_an_unknown_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="not mysql://"):
        async with Database("mysql://localhost/x"):
            pass  # pragma: no cover


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_the_orm_too_says_that_the_database_is_away(database: Database) -> None:
    async def lose_the_connection_and_ask() -> None:
        async with database.transaction() as statements:
            with pytest.raises(DatabaseUnavailable, match="does not answer"):
                await statements.fetch("SELECT pg_terminate_backend(pg_backend_pid())")
            await Workspace.all().using_db(statements.orm)

    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await lose_the_connection_and_ask()

    assert await Workspace.all().using_db(database.orm) == []
