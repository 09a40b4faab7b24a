"""Reads the product's rows directly from the database, because its own statements are not evidence."""

import asyncio
import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg

from tests.faults.journal import Pair
from tests.patience import PATIENCE_SECONDS

Row = dict[str, Any]
_CLAIMED = (
    "SELECT d.event_id, w.url FROM delivery d JOIN webhook w ON w.id = d.webhook_id"
    " JOIN worker k ON k.id = d.claimed_by WHERE k.pid = $1"
)


# The load numbers its idempotency keys, so a round's rows are found whatever the clocks said when they were made.
_OF_ROUND = "NOT e.test AND CAST(substr(e.idempotency_key, 5) AS INTEGER) > $1"
# Those that report a change of state. Their events have no key: the suite notes which of them it has seen.
_ALERT = "(e.type LIKE 'webhook.%' OR e.type = 'delivery.exhausted')"
_OF_ROUND_OR_ALERT = f"({_OF_ROUND} OR {_ALERT})"


class Truth:
    """The database of an installation. `after` is the number of the last key of the round before."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url

    async def rows(self, statement: str, *parameters: Any) -> list[Row]:
        """The result of a statement; parameters are `$1`, `$2`, …

        Raises:
            OSError, asyncpg.PostgresError: PostgreSQL is away.
        """
        if self._url.startswith("sqlite://"):
            return await asyncio.to_thread(self._sqlite_rows, statement, *parameters)
        connection = await asyncpg.connect(self._url.replace("postgres://", "postgresql://", 1))
        try:
            return [dict(row) for row in await connection.fetch(statement, *parameters)]
        finally:
            await connection.close()

    def _sqlite_rows(self, statement: str, *parameters: Any) -> list[Row]:
        path = Path(self._url.removeprefix("sqlite://"))
        # Read-only: the last connection to close a writable WAL file would clean it up, which no crash does.
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=PATIENCE_SECONDS)) as connection:
            connection.row_factory = sqlite3.Row
            named = {str(number): value for number, value in enumerate(parameters, 1)}
            return [dict(row) for row in connection.execute(statement, named)]

    async def events(self, after: int) -> list[Row]:
        """The events published in a round."""
        return await self.rows(f"SELECT e.id, e.type, e.body, e.idempotency_key FROM event e WHERE {_OF_ROUND}", after)

    async def pings(self) -> set[str]:
        """The test events."""
        return {row["id"] for row in await self.rows("SELECT id FROM event WHERE test")}

    async def deliveries(self, after: int) -> list[Row]:
        """Their deliveries and those of all alerts, each with the URL of its webhook."""
        return await self.rows(
            "SELECT d.id, d.event_id, d.status, d.attempt_count, d.claimed_by, d.next_attempt_at, d.sequence, w.url"
            " FROM delivery d JOIN event e ON e.id = d.event_id JOIN webhook w ON w.id = d.webhook_id"
            f" WHERE {_OF_ROUND_OR_ALERT}",
            after,
        )

    async def alerts(self) -> list[Row]:
        """All alerts."""
        return await self.rows(f"SELECT e.id, e.type, e.body, e.idempotency_key FROM event e WHERE {_ALERT}")

    async def problems(self) -> list[Row]:
        """All problems, each with the URL of its webhook."""
        return await self.rows(
            "SELECT p.id, p.status, p.failures, p.opened_at, p.last_seen_at, w.url"
            " FROM problem p JOIN webhook w ON w.id = p.webhook_id"
        )

    async def disablings(self) -> list[Row]:
        """The entries of the audit log that say that a webhook was disabled, each with its URL."""
        return await self.rows(
            "SELECT a.id, w.url FROM audit_entry a JOIN webhook w ON w.id = a.subject_id"
            " WHERE a.action = 'webhook.disabled'"
        )

    async def accounts(self) -> list[Row]:
        """For each webhook, how many places were given, and how many rows account for them."""
        return await self.rows(
            "SELECT w.url, counter.last_sequence AS matched, (SELECT count(*) FROM (SELECT d.sequence FROM delivery d"
            " WHERE d.webhook_id = w.id AND NOT d.test AND d.sequence BETWEEN 1 AND counter.last_sequence"
            " UNION SELECT m.sequence FROM missed_delivery m"
            " WHERE m.webhook_id = w.id AND m.sequence BETWEEN 1 AND counter.last_sequence) AS places) AS accounted,"
            " (SELECT count(*) FROM delivery d WHERE d.webhook_id = w.id AND NOT d.test)"
            " + (SELECT count(*) FROM missed_delivery m WHERE m.webhook_id = w.id) AS kept"
            " FROM webhook w JOIN webhook_sequence counter ON counter.webhook_id = w.id"
        )

    async def attempts(self, after: int) -> list[Row]:
        """The attempts of these deliveries, each with the event and the URL of its webhook."""
        return await self.rows(
            "SELECT a.delivery_id, a.worker_id, a.number, a.outcome, a.request_headers, a.response_status,"
            " d.event_id, w.url"
            " FROM attempt a JOIN delivery d ON d.id = a.delivery_id JOIN event e ON e.id = d.event_id"
            f" JOIN webhook w ON w.id = d.webhook_id WHERE {_OF_ROUND_OR_ALERT}",
            after,
        )

    async def open_deliveries(self, after: int) -> int:
        """Number of deliveries of a round, of alerts and of pings that are still open, except those that wait until a
        DISABLED webhook is resumed.
        """
        [row] = await self.rows(
            "SELECT count(*) AS open FROM delivery d JOIN event e ON e.id = d.event_id JOIN webhook w"
            f" ON w.id = d.webhook_id WHERE d.status IN ('PENDING', 'RETRYING') AND (e.test OR {_OF_ROUND_OR_ALERT})"
            " AND (w.status <> 'DISABLED' OR d.claimed_by IN (SELECT id FROM worker WHERE lease_until > $2))",
            after,
            int(time.time() * 1_000_000),
        )
        return int(row["open"])

    async def not_delivered(self, after: int) -> int:
        """Number of deliveries of a round that have not succeeded, and of events that a webhook has missed."""
        [row] = await self.rows(
            "SELECT (SELECT count(*) FROM delivery d JOIN event e ON e.id = d.event_id"
            f" WHERE d.status <> 'SUCCEEDED' AND {_OF_ROUND}) + (SELECT count(*) FROM missed_delivery) AS open",
            after,
        )
        return int(row["open"])

    async def age_failures(self, path: str, since: int) -> None:
        """Let a webhook have been failing since a time (µs): nobody waits for days."""
        statement = "UPDATE webhook SET failing_since = $1, consecutive_failures = 1 WHERE url LIKE $2"
        if self._url.startswith("sqlite://"):
            file = self._url.removeprefix("sqlite://")
            with closing(sqlite3.connect(file, timeout=PATIENCE_SECONDS)) as writer, writer:
                writer.execute(statement, {"1": since, "2": f"%{path}"})
            return
        connection = await asyncpg.connect(self._url.replace("postgres://", "postgresql://", 1))
        try:
            await connection.execute(statement, since, f"%{path}")
        finally:
            await connection.close()

    async def worker_pids(self, alive_at: int) -> set[int]:
        """The processes with a valid lease at a time (µs)."""
        return {row["pid"] for row in await self.rows("SELECT pid FROM worker WHERE lease_until > $1", alive_at)}

    async def held_by(self, pids: Collection[int]) -> set[Pair]:
        """The claims of dead or frozen processes, once their last statements to the database have taken effect."""
        held: set[Pair] = set()
        for _ in range(4):
            before, held = held, {pair_of(row) for pid in pids for row in await self.rows(_CLAIMED, pid)}
            if held == before:
                break
            await asyncio.sleep(0.1)
        return held


def pair_of(row: Row) -> Pair:
    """The event and the webhook of a row that has `event_id` and `url`."""
    return Pair(row["event_id"], path_of(row))


def path_of(row: Row) -> str:
    """The path of a row that has the `url` of a webhook."""
    return "/" + str(row["url"]).rpartition("/")[2].partition("?")[0]
