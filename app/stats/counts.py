"""Counts what is in each part of a window, in as few statements as that takes: four, each along an index.

What is over is read as `periods` has counted it, the rest is counted from the rows.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from app.database.batch import Columns
from app.database.database import Row, Statements
from app.ids import ATTEMPT, DELIVERY, lowest_id
from app.stats.latency import rounded_sql
from app.stats.periods import closed_until, period_begin, period_id
from app.stats.window import Window

_PARTS: Columns = (("number", "bigint"), ("first_id", "text"), ("counted_from_id", "text"), ("end_id", "text"))
_RANGES: Columns = (("number", "bigint"), ("first_id", "text"), ("end_id", "text"))

# One look into an index for each number. The status is said twice: SQLite takes an index that covers only some rows
# where the statement repeats its very words.
_OF_STATUS = (
    "(SELECT count(*) FROM delivery d WHERE d.{{subject}} = $1 AND d.status <> 'SUCCEEDED' AND d.status = '{status}'"
    " AND d.id >= part.first_id AND d.id < part.end_id AND NOT d.test)"
)
_DELIVERIES = (
    "SELECT part.number,"
    " (SELECT count(*) FROM delivery d WHERE d.{subject} = $1"
    " AND d.id >= part.counted_from_id AND d.id < part.end_id AND NOT d.test) AS made,"
    f" {_OF_STATUS.format(status='FAILED')} AS failed,"
    f" {_OF_STATUS.format(status='CANCELED')} AS canceled,"
    f" {_OF_STATUS.format(status='PENDING')} + {_OF_STATUS.format(status='RETRYING')} AS pending"
    " FROM {{rows}} AS part"
)
_ENDED = f"""
SELECT {{number}} {rounded_sql("a.duration_us")} AS duration, count(*) AS attempts FROM {{source}} attempt a
WHERE a.{{{{subject}}}} = $1 AND a.id >= part.first_id AND a.id < part.end_id AND a.trigger <> 'TEST'
GROUP BY {{number}} duration
"""
# PostgreSQL has to be told to go along the index for each part: it would rather compare every attempt with every part.
_ATTEMPTS = {
    "postgres": "SELECT part.number, took.duration, took.attempts FROM {{rows}} AS part"
    f" CROSS JOIN LATERAL ({_ENDED.format(number='', source='')}) AS took",
    "sqlite": _ENDED.format(number="part.number,", source="{{rows}} AS part JOIN"),
}
_PERIODS = "SELECT id, deliveries, latencies FROM stats_period WHERE id >= $1 AND id < $2"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose deliveries: the column by which rows belong to it, `webhook_id` or `workspace_id`, and its id."""

    column: str
    id: str


@dataclass(slots=True)
class Part:
    """Counts of one part of a window. `took`: number of attempts by duration in microseconds, rounded."""

    since: datetime
    until: datetime
    made: int = 0
    failed: int = 0
    canceled: int = 0
    pending: int = 0
    took: Counter[int] = field(default_factory=Counter)

    @property
    def succeeded(self) -> int:
        """What is left of those made. Never below zero, should a row have come too late to be counted as made."""
        return max(0, self.made - self.failed - self.canceled - self.pending)


async def count_parts(database: Statements, subject: Subject, window: Window) -> list[Part]:
    """The parts of a window, in order."""
    parts = [Part(since, until) for since, until in window.parts()]
    closed = await closed_until(database) if window.in_periods else window.since
    if closed > window.since:
        await _add_periods(database, subject, window, closed, parts)
    await _add_deliveries(database, subject, closed, parts)
    await _add_attempts(database, subject, closed, parts)
    return parts


async def _add_periods(
    database: Statements, subject: Subject, window: Window, closed: datetime, parts: Sequence[Part]
) -> None:
    first, end = period_id(subject.id, window.since), period_id(subject.id, min(closed, window.until))
    rows = await database.fetch(_PERIODS, first, end)
    # A busy quarter of a year takes a few tenths of a second, which nobody else is to wait for.
    await asyncio.to_thread(_add_rows, window, rows, parts)


def _add_rows(window: Window, rows: Sequence[Row], parts: Sequence[Part]) -> None:
    for row in rows:
        part = parts[(period_begin(row["id"]) - window.since) // window.width]
        part.made += row["deliveries"]
        for duration, attempts in orjson.loads(row["latencies"]):
            part.took[duration] += attempts


async def _add_deliveries(database: Statements, subject: Subject, closed: datetime, parts: Sequence[Part]) -> None:
    ranges = [
        (number, *(lowest_id(DELIVERY, at) for at in (part.since, _counted_from(part, closed), part.until)))
        for number, part in enumerate(parts)
    ]
    for row in await _fetch(database, _DELIVERIES, subject, _PARTS, ranges):
        part = parts[row["number"]]
        part.made += row["made"]
        part.failed, part.canceled, part.pending = row["failed"], row["canceled"], row["pending"]


async def _add_attempts(database: Statements, subject: Subject, closed: datetime, parts: Sequence[Part]) -> None:
    ranges = [
        (number, lowest_id(ATTEMPT, _counted_from(part, closed)), lowest_id(ATTEMPT, part.until))
        for number, part in enumerate(parts)
        if part.until > closed
    ]
    for row in await _fetch(database, _ATTEMPTS[database.dialect], subject, _RANGES, ranges) if ranges else ():
        parts[row["number"]].took[row["duration"]] += row["attempts"]


async def _fetch(
    database: Statements, statement: str, subject: Subject, columns: Columns, ranges: Sequence[Sequence[object]]
) -> list[Row]:
    return await database.fetch_rows(statement.format(subject=subject.column), columns, ranges, subject.id)


def _counted_from(part: Part, closed: datetime) -> datetime:
    """From when on a part has to be counted from the rows."""
    return min(max(part.since, closed), part.until)
