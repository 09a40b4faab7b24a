"""Fills a PostgreSQL database with finished deliveries of the last month, by COPY."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from app.clock import to_micros
from app.ids import ATTEMPT, DELIVERY, EVENT, new_id

CHUNK = 20_000
PERIOD = timedelta(days=30)
_TABLES = {
    "event": ("id", "workspace_id", "type", "occurred_at", "created_at", "body", "test"),
    "delivery": (
        *("id", "workspace_id", "event_id", "webhook_id", "event_type", "test", "status", "trigger", "attempt_count"),
        *("retries_used", "last_outcome", "last_response_status", "created_at", "completed_at"),
    ),
    "attempt": (
        *("id", "workspace_id", "delivery_id", "webhook_id", "worker_id", "number", "trigger", "started_at"),
        *("duration_us", "outcome", "request_method", "request_url", "request_headers", "response_status"),
        *("response_headers", "response_body", "response_truncated"),
    ),
}


async def fill(database_url: str, count: int, webhook_ids: Sequence[str], event_types: Sequence[str]) -> None:
    """Add so many events with a delivery and an attempt each; one in fifty has failed."""
    connection = await asyncpg.connect(database_url)
    try:
        workspace_id = await connection.fetchval("SELECT id FROM workspace")
        for first in range(0, count, CHUNK):
            numbers = range(first, min(first + CHUNK, count))
            rows = list(_rows(numbers, count, workspace_id, webhook_ids, event_types))
            for table, records in zip(_TABLES, zip(*rows, strict=True), strict=True):
                await connection.copy_records_to_table(table, records=records, columns=_TABLES[table])
        for table in _TABLES:
            await connection.execute(f"VACUUM (ANALYZE) {table}")
    finally:
        await connection.close()


def _rows(
    numbers: range, count: int, workspace_id: str, webhook_ids: Sequence[str], event_types: Sequence[str]
) -> Iterator[tuple[tuple[Any, ...], ...]]:
    begins_at = datetime.now(UTC) - PERIOD
    for number in numbers:
        at = begins_at + PERIOD * (number / count)
        event_id, delivery_id, attempt_id = new_id(EVENT, at), new_id(DELIVERY, at), new_id(ATTEMPT, at)
        webhook_id, event_type = webhook_ids[number % len(webhook_ids)], event_types[number % len(event_types)]
        micros, failed = to_micros(at), number % 50 == 0
        status, outcome, answer = ("FAILED", "HTTP_ERROR", 500) if failed else ("SUCCEEDED", "SUCCEEDED", 200)
        yield (
            (event_id, workspace_id, event_type, micros, micros, '{"data":{}}', False),
            (
                *(delivery_id, workspace_id, event_id, webhook_id, event_type, False, status, "FIRST", 1),
                *(1, outcome, answer, micros, micros + 20_000),
            ),
            (
                *(attempt_id, workspace_id, delivery_id, webhook_id, "wk_bench", 1, "FIRST", micros),
                *(12_000 + number % 5_000, outcome, "POST", "http://127.0.0.1/", "[]", answer, "[]", "ok", False),
            ),
        )
