"""Copies an installation from an SQLite file into a PostgreSQL database, table by table, whatever tables there are.

    1. The file gets a notice, by which servers refuse to work on it, and is locked against writers.
    2. The PostgreSQL database, which must be empty, gets the tables, the same notice, and a row of progress a table.
    3. Rows are copied in the order of the file. A batch and the progress after it are one transaction.
    4. Both sides are read as a whole, and compared by the number of rows and a digest.
    5. The notice in the file says that it was moved, and the one in PostgreSQL is removed.

A move that ends anywhere in between, however it ends, continues from its last batch when it is run again.
"""

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import time
from typing import Any, NamedTuple, TypeAlias
from uuid import uuid4

import asyncpg

from app.database.errors import in_own_words
from app.database.migrate import NOTICE, connect, migrate, recorded_in, require_all

MAX_BATCH_ROWS = 5_000
# Rows of a batch are held in memory, and an event may have 256 kB.
MAX_BATCH_BYTES = 8 * 1024 * 1024
_PROGRESS = "installation_move_progress"
_OWN = ("tortoise_migrations", NOTICE)
_UNDER_WAY = (
    "A move to {target} is under way. Run `eev-webhooks move` again to finish it,"
    " or `eev-webhooks move --give-up` to go on with this database."
)
_INCOMPLETE = "A move into this database is not finished. Run `eev-webhooks move` again."
_MOVED = (
    "This database was moved to {target}. Set DATABASE_URL to that,"
    " or run `eev-webhooks move --give-up` to go on with this database instead."
)

Observe: TypeAlias = Callable[[str, int], object]
# A digest that does not depend on the order of rows.
_Sum: TypeAlias = tuple[int, int]


class MoveRefused(Exception):
    """The move cannot begin, or its result is wrong; the message says why."""


class _Table(NamedTuple):
    name: str
    columns: Sequence[str]
    booleans: frozenset[int]

    @property
    def selected(self) -> str:
        return ", ".join(f'"{column}"' for column in self.columns)

    def row(self, values: Sequence[Any]) -> tuple[Any, ...]:
        """A row of the file as PostgreSQL has it."""
        if not self.booleans:
            return tuple(values)
        return tuple(
            bool(value) if index in self.booleans and value is not None else value for index, value in enumerate(values)
        )


async def move(file: Path, target_url: str, observe: Observe) -> dict[str, int]:
    """Move the installation in an SQLite file into a PostgreSQL database; return the number of rows of each table.

    The caller makes sure that no server delivers from the file (`tasks.embedded.sole_server`).

    Args:
        observe: called with a table and a number of rows that were copied.

    Raises:
        MoveRefused: the file is in use, the target is not empty, or what was copied differs.
        SchemaOutdated: the file lacks migrations.
        DatabaseError: something is wrong with the PostgreSQL database.
    """
    require_all(recorded_in(file))
    await migrate(target_url)
    async with _connected(target_url) as connection:
        with closing(sqlite3.connect(file, isolation_level=None)) as source:
            names = _names(source)
            move_id = _id_in(source) or uuid4().hex
            await _require_empty(connection, names, move_id)
            _notice(source, _UNDER_WAY.format(target=_shown(target_url)), move_id)
            await _begin(connection, names, move_id)
            tables = [await _table(source, connection, name) for name in names]
            for table in tables:
                await _copy(source, connection, table, observe)
            rows = {table.name: await _verified(source, connection, table) for table in tables}
            source.execute(f"UPDATE {NOTICE} SET notice = ?", [_MOVED.format(target=_shown(target_url))])
            source.execute("COMMIT")
        await connection.execute(f"DROP TABLE {NOTICE}, {_PROGRESS}")
    return rows


def give_up(file: Path) -> bool:
    """Let servers work on the file again, after a move that began or ended; return whether there was one."""
    with closing(sqlite3.connect(file)) as source:
        found = source.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [NOTICE]).fetchone() is not None
        source.execute(f"DROP TABLE IF EXISTS {NOTICE}")
        source.commit()
    return found


def _id_in(source: sqlite3.Connection) -> str | None:
    """The ID of a move that began before."""
    if source.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [NOTICE]).fetchone() is None:
        return None
    [(move_id,)] = source.execute(f"SELECT move_id FROM {NOTICE}").fetchall()
    return str(move_id)


def _notice(source: sqlite3.Connection, notice: str, move_id: str) -> None:
    """Leave a notice that no server overlooks, and lock the file against writers."""
    source.execute("BEGIN IMMEDIATE")
    _require_idle(source)
    source.execute(f"CREATE TABLE IF NOT EXISTS {NOTICE} (move_id TEXT NOT NULL, notice TEXT NOT NULL)")
    source.execute(f"DELETE FROM {NOTICE}")
    source.execute(f"INSERT INTO {NOTICE} VALUES (?, ?)", [move_id, notice])
    source.execute("COMMIT")
    source.execute("BEGIN IMMEDIATE")


def _require_idle(source: sqlite3.Connection) -> None:
    now = int(time() * 1_000_000)
    held = source.execute("SELECT host, pid, lease_until FROM worker WHERE lease_until > ?", [now]).fetchone()
    if held is not None:
        host, pid, until = held
        raise MoveRefused(
            f"Process {pid} on {host} works on this database. Stop it first; if it was killed, its lease ends in"
            f" {(until - now) // 1_000_000 + 1} s."
        )


def _names(source: sqlite3.Connection) -> list[str]:
    found = source.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [name for (name,) in found if name not in _OWN and not name.startswith("sqlite_")]


async def _table(source: sqlite3.Connection, connection: asyncpg.Connection, name: str) -> _Table:
    columns = [row[1] for row in source.execute(f"PRAGMA table_info({name})")]
    types = await connection.fetch(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = current_schema() AND table_name = $1",
        name,
    )
    boolean = {row["column_name"] for row in types if row["data_type"] == "boolean"}
    return _Table(name, columns, frozenset(index for index, column in enumerate(columns) if column in boolean))


async def _require_empty(connection: asyncpg.Connection, names: Sequence[str], move_id: str) -> None:
    """Refuse a target that has rows, unless they are of this move."""
    if await _id_in_target(connection) == move_id:
        return
    if await _id_in_target(connection) is not None:
        raise MoveRefused("Another move into this PostgreSQL database is not finished. Choose an empty database.")
    for name in names:
        if await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {name})"):
            raise MoveRefused(f"The PostgreSQL database has rows (in the table {name}). Choose an empty database.")


async def _id_in_target(connection: asyncpg.Connection) -> str | None:
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", NOTICE):
        return None
    found: str = await connection.fetchval(f"SELECT move_id FROM {NOTICE}")
    return found


async def _begin(connection: asyncpg.Connection, names: Sequence[str], move_id: str) -> None:
    """Mark the target as incomplete, unless this move has done so before."""
    if await _id_in_target(connection) == move_id:
        return
    async with connection.transaction():
        await connection.execute(f"CREATE TABLE {NOTICE} (move_id TEXT NOT NULL, notice TEXT NOT NULL)")
        await connection.execute(f"INSERT INTO {NOTICE} VALUES ($1, $2)", move_id, _INCOMPLETE)
        await connection.execute(f"CREATE TABLE {_PROGRESS} (name TEXT PRIMARY KEY, last_row BIGINT NOT NULL)")
        await connection.executemany(f"INSERT INTO {_PROGRESS} VALUES ($1, 0)", [(name,) for name in names])


async def _copy(source: sqlite3.Connection, connection: asyncpg.Connection, table: _Table, observe: Observe) -> None:
    last = await connection.fetchval(f"SELECT last_row FROM {_PROGRESS} WHERE name = $1", table.name)
    rows = source.execute(f"SELECT rowid, {table.selected} FROM {table.name} WHERE rowid > ? ORDER BY rowid", [last])
    for batch in _batches(rows):
        async with connection.transaction():
            records = [table.row(values) for _, *values in batch]
            await connection.copy_records_to_table(table.name, records=records, columns=table.columns)
            await connection.execute(f"UPDATE {_PROGRESS} SET last_row = $2 WHERE name = $1", table.name, batch[-1][0])
        observe(table.name, len(batch))


def _batches(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    batch: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
        if len(batch) == MAX_BATCH_ROWS or size >= MAX_BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


async def _verified(source: sqlite3.Connection, connection: asyncpg.Connection, table: _Table) -> int:
    """Compare a table on both sides, and return its number of rows."""
    select = f"SELECT {table.selected} FROM {table.name}"
    before, after = (0, 0), (0, 0)
    for values in source.execute(select):
        before = _add(before, table.row(values))
    async with connection.transaction():
        async for record in connection.cursor(select, prefetch=MAX_BATCH_ROWS):
            after = _add(after, tuple(record))
    if before != after:
        raise MoveRefused(
            f"The table {table.name} has {before[0]} rows in the file and {after[0]} in PostgreSQL, with digests"
            f" {before[1]:032x} and {after[1]:032x}. Empty the PostgreSQL database, and move again."
        )
    return before[0]


def _add(total: _Sum, row: tuple[Any, ...]) -> _Sum:
    count, digest = total
    hashed = hashlib.blake2b(repr(row).encode(errors="surrogatepass"), digest_size=16).digest()
    return count + 1, (digest + int.from_bytes(hashed)) % 2**128


def _shown(url: str) -> str:
    """A database's URL without its credentials and parameters."""
    return f"postgres://{url.partition('://')[2].rpartition('@')[2].partition('?')[0]}"


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await connect(url)
    try:
        yield connection
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise in_own_words(error) from error
    finally:
        connection.terminate()
