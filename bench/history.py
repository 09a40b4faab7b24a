"""Fills an otherwise unused PostgreSQL database with finished deliveries of the last days, by COPY.

Indexes are dropped before and created again afterwards, which takes a fraction of updating them row by row.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import islice

import asyncpg

from app.clock import SystemClock, to_micros
from app.database.database import Database
from app.ids import encode_suffix
from app.stats.periods import CLOSED_AFTER, close_periods, closed_until
from app.stats.window import PERIOD

CHUNK = 5_000
DAYS = timedelta(days=13)  # nothing is old enough to be pruned
CUSTOMERS = 10_000
COUNTED = timedelta(days=2)  # how far back statistics are counted, which is more than a query asks for
# Only while filling, which would otherwise run one checkpoint after another.
_MEANWHILE = {"max_wal_size": "8GB", "checkpoint_timeout": "1h", "maintenance_work_mem": "1GB"}
_UUID7 = 0x7 << 76 | 0b10 << 62
_COLUMNS = {
    "event": ("id", "workspace_id", "type", "occurred_at", "created_at", "body", "test"),
    "delivery": (
        *("id", "workspace_id", "event_id", "webhook_id", "event_type", "test", "status", "trigger", "attempt_count"),
        *("retries_used", "last_outcome", "last_response_status", "created_at", "completed_at", "sequence"),
    ),
    "attempt": (
        *("id", "workspace_id", "delivery_id", "webhook_id", "worker_id", "number", "trigger", "started_at"),
        *("duration_us", "outcome", "request_method", "request_url", "request_headers", "response_status"),
        *("response_headers", "response_body", "response_truncated"),
    ),
}
_CONSTRAINTS = """
SELECT conrelid::regclass::text AS "table", conname AS name, pg_get_constraintdef(oid) AS definition
FROM pg_constraint WHERE contype = 'p' AND conrelid::regclass::text = ANY($1)
"""
_INDEXES = """
SELECT indexname AS name, indexdef AS definition FROM pg_indexes
WHERE tablename = ANY($1)
"""
# Each delivery has its sequence already, because a trigger that counts costs more with every row of a transaction.
_SEQUENCES = """
INSERT INTO webhook_sequence (webhook_id, last_sequence)
SELECT webhook_id, max(sequence) FROM delivery WHERE sequence IS NOT NULL GROUP BY webhook_id
ON CONFLICT (webhook_id) DO UPDATE SET last_sequence = excluded.last_sequence
"""


async def fill(
    database_url: str,
    count: int,
    webhook_ids: Sequence[str],
    event_types: Sequence[str],
    say: Callable[[str], object] = lambda _: None,
) -> None:
    """Add events with a delivery and an attempt each, the last of them now; one in fifty has failed."""
    async with _connected(database_url) as connection:
        workspace_id = await connection.fetchval("SELECT id FROM workspace")
        await _set(connection, _MEANWHILE)
        make_again = await _drop_indexes(connection)
        rows = _rows(count, workspace_id, SystemClock().now() - DAYS, webhook_ids, event_types)
        await _copy(database_url, rows, lambda done: say(f"{done:,} of {count:,}"))
        for number, statement in enumerate(make_again, 1):
            say(f"index {number} of {len(make_again)}")
            await connection.execute(statement)
        await connection.execute(_SEQUENCES)
        for table in _COLUMNS:
            say(f"vacuum of {table}")
            await connection.execute(f"VACUUM (ANALYZE) {table}")
        await _set(connection, dict.fromkeys(_MEANWHILE))
    say("counting statistics")
    await _count(database_url)


def customer(number: int) -> str:
    """The customer in the data of the event with this number."""
    return f"cus_{number % CUSTOMERS:05d}"


async def _drop_indexes(connection: asyncpg.Connection) -> list[str]:
    """Drop the indexes of the filled tables; return the statements that create them again."""
    tables = list(_COLUMNS)
    constraints = await connection.fetch(_CONSTRAINTS, tables)
    kept = {row["name"] for row in constraints}
    indexes = [row for row in await connection.fetch(_INDEXES, tables) if row["name"] not in kept]
    for row in constraints:
        await connection.execute(f"ALTER TABLE {row['table']} DROP CONSTRAINT {row['name']}")
    for row in indexes:
        await connection.execute(f"DROP INDEX {row['name']}")
    return [
        *(f"ALTER TABLE {row['table']} ADD CONSTRAINT {row['name']} {row['definition']}" for row in constraints),
        *(row["definition"] for row in indexes),
    ]


async def _copy(database_url: str, rows: Iterator["_Row"], say: Callable[[int], object]) -> None:
    """Copy rows into the three tables at once, so that PostgreSQL works while the next ones are made."""
    queues = [asyncio.Queue[bytes | None](maxsize=2) for _ in _COLUMNS]
    async with asyncio.TaskGroup() as tasks:
        for table, queue in zip(_COLUMNS, queues, strict=True):
            tasks.create_task(_copy_table(database_url, table, queue))
        done = 0
        while chunk := list(islice(rows, CHUNK)):
            for lines, queue in zip(zip(*[row.lines() for row in chunk], strict=True), queues, strict=True):
                await queue.put("".join(lines).encode())
            done += len(chunk)
            say(done)
        for queue in queues:
            await queue.put(None)


async def _copy_table(database_url: str, table: str, queue: "asyncio.Queue[bytes | None]") -> None:
    async def chunks() -> AsyncIterator[bytes]:
        while (chunk := await queue.get()) is not None:
            yield chunk

    async with _connected(database_url) as connection:
        await connection.copy_to_table(table, source=chunks(), columns=_COLUMNS[table], format="text")


class _Row:
    """One event with its delivery and its attempt."""

    __slots__ = ("_at", "_name", "_number", "_sequence", "_type", "_webhook", "_workspace")

    def __init__(
        self, number: int, sequence: int, at_ms: int, workspace_id: str, webhook_id: str, event_type: str
    ) -> None:
        self._name = encode_suffix(at_ms << 80 | _UUID7 | number)
        self._number, self._sequence, self._at = number, sequence, at_ms * 1_000
        self._workspace, self._webhook, self._type = workspace_id, webhook_id, event_type

    def lines(self) -> tuple[str, str, str]:
        """The three as lines of COPY's text format."""
        name, workspace, webhook, at = self._name, self._workspace, self._webhook, self._at
        took = 12_000 + self._number % 5_000
        failed = self._number % 50 == 0
        status, outcome, answer = ("FAILED", "HTTP_ERROR", 500) if failed else ("SUCCEEDED", "SUCCEEDED", 200)
        body = f'{{"data":{{"customer":"{customer(self._number)}"}}}}'
        return (
            f"evt_{name}\t{workspace}\t{self._type}\t{at}\t{at}\t{body}\tf\n",
            f"dlv_{name}\t{workspace}\tevt_{name}\t{webhook}\t{self._type}\tf\t{status}\tFIRST\t1"
            f"\t1\t{outcome}\t{answer}\t{at}\t{at + took}\t{self._sequence}\n",
            f"att_{name}\t{workspace}\tdlv_{name}\t{webhook}\twk_bench\t1\tFIRST\t{at}"
            f"\t{took}\t{outcome}\tPOST\thttp://127.0.0.1/\t[]\t{answer}\t[]\tok\tf\n",
        )


def _rows(
    count: int, workspace_id: str, begins_at: datetime, webhook_ids: Sequence[str], event_types: Sequence[str]
) -> Iterator[_Row]:
    begin_ms, period_ms = to_micros(begins_at) // 1_000, DAYS // timedelta(milliseconds=1)
    for number in range(count):
        at_ms = begin_ms + period_ms * number // count
        webhook_id, event_type = webhook_ids[number % len(webhook_ids)], event_types[number % len(event_types)]
        yield _Row(number, number // len(webhook_ids) + 1, at_ms, workspace_id, webhook_id, event_type)


async def _count(database_url: str) -> None:
    """Count the last days for statistics, as a running server does over time."""
    clock = SystemClock()
    async with Database(database_url, pool_size=2) as database:
        await database.execute("DELETE FROM stats_progress")
        since = to_micros(clock.now() - COUNTED)
        await database.execute("INSERT INTO stats_progress (id, closed_until) VALUES ('deliveries', $1)", since)
        while await closed_until(database) < clock.now() - CLOSED_AFTER - PERIOD:
            await close_periods(database, clock)
        await database.execute("VACUUM (ANALYZE) stats_period")


async def _set(connection: asyncpg.Connection, settings: dict[str, str | None] | dict[str, str]) -> None:
    """Set settings of the whole PostgreSQL server; None resets one."""
    for name, value in settings.items():
        await connection.execute(f"ALTER SYSTEM SET {name} = {'DEFAULT' if value is None else repr(value)}")
    await connection.execute("SELECT pg_reload_conf()")


@asynccontextmanager
async def _connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()
