"""Counts each part of a window in the fewest statements: four, each along an index.

Closed periods are read as `periods` has counted them; the rest is counted from the rows.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

import orjson

from app.database.batch import Columns
from app.database.database import Row, Statements
from app.delivery_filter import of_types
from app.ids import ATTEMPT, DELIVERY, lowest_id
from app.stats.latency import rounded_sql
from app.stats.periods import closed_until, period_begin, period_id
from app.stats.window import Window

_RANGES: Columns = (("number", "bigint"), ("subject_id", "text"), ("first_id", "text"), ("end_id", "text"))
_PARTS: Columns = (*_RANGES, ("counted_from_id", "text"))

# One index lookup for each number. The status appears twice, because SQLite uses a partial index only if the statement
# repeats its very words.
_OF_STATUS = (
    "(SELECT count(*) FROM delivery d WHERE d.{{subject}} = part.subject_id AND d.status <> 'SUCCEEDED'"
    " AND d.status = '{status}' AND d.id >= part.first_id AND d.id < part.end_id AND NOT d.test{{typed}})"
)
_DELIVERIES = (
    "SELECT part.number,"
    " (SELECT count(*) FROM delivery d WHERE d.{subject} = part.subject_id"
    " AND d.id >= part.counted_from_id AND d.id < part.end_id AND NOT d.test{typed}) AS made,"
    f" {_OF_STATUS.format(status='FAILED')} AS failed,"
    f" {_OF_STATUS.format(status='CANCELED')} AS canceled,"
    f" {_OF_STATUS.format(status='PENDING')} + {_OF_STATUS.format(status='RETRYING')} AS pending"
    " FROM {{rows}} AS part"
)
_ENDED = f"""
SELECT {{number}} {rounded_sql("a.duration_us")} AS duration, count(*) AS attempts FROM {{source}} attempt a
WHERE a.{{{{subject}}}} = part.subject_id AND a.id >= part.first_id AND a.id < part.end_id AND a.trigger <> 'TEST'
{{{{typed}}}}
GROUP BY {{number}} duration
"""
# PostgreSQL must be forced to use the index for each part: it prefers to compare every attempt with every part.
_ATTEMPTS = {
    "postgres": "SELECT part.number, took.duration, took.attempts FROM {{rows}} AS part"
    f" CROSS JOIN LATERAL ({_ENDED.format(number='', source='')}) AS took",
    "sqlite": _ENDED.format(number="part.number,", source="{{rows}} AS part JOIN"),
}
# A range of the primary key for each subject, because planners handle joins by ranges badly.
_PERIOD = "SELECT id, deliveries, latencies FROM stats_period WHERE id >= part.first_id AND id < part.end_id"
_PERIODS = {
    "postgres": f"SELECT part.number, period.* FROM {{rows}} AS part CROSS JOIN LATERAL ({_PERIOD}) AS period",
    "sqlite": "SELECT part.number, period.id, deliveries, latencies FROM {rows} AS part CROSS JOIN stats_period period"
    " ON period.id >= part.first_id AND period.id < part.end_id",
}
# The same without attempts, added up for each part of the window: from $1 on, $2 seconds each.
_PART_OF_PERIOD = "(CAST(substr(id, length(part.subject_id) + 2) AS BIGINT) - $1) / $2"
_MADE = "CAST(sum(deliveries) AS BIGINT) AS deliveries"
_CREATED = {
    "postgres": "SELECT part.number, made.* FROM {rows} AS part CROSS JOIN LATERAL ("
    f"SELECT {_PART_OF_PERIOD} AS place, {_MADE} FROM stats_period WHERE id >= part.first_id AND id < part.end_id"
    " GROUP BY 1) AS made",
    "sqlite": f"SELECT part.number, {_PART_OF_PERIOD} AS place, {_MADE} FROM {{rows}} AS part CROSS JOIN stats_period"
    " ON id >= part.first_id AND id < part.end_id GROUP BY 1, 2",
}


@dataclass(frozen=True, slots=True)
class Subjects:
    """The subjects of the count: the column that assigns rows to them, `webhook_id` or `workspace_id`, and their
    IDs. `attempts`: whether their attempts are counted, which for a page of webhooks takes ten times as long.
    """

    column: str
    ids: tuple[str, ...]
    event_types: tuple[str, ...] | None = None
    attempts: bool = True

    def typed(self, template: str) -> tuple[str, tuple[Any, ...]]:
        """The condition on event types within `template`, and its parameters, numbered from 1; nothing for all."""
        if self.event_types is None:
            return "", ()
        text, values = of_types("d.event_type", self.event_types)
        first, *rest = text.split("?")
        return template.format(first + "".join(f"${number}{piece}" for number, piece in enumerate(rest, 1))), values


@dataclass(slots=True)
class Part:
    """Counts of one part of a window. `took`: number of attempts by rounded duration in microseconds."""

    since: datetime
    until: datetime
    made: int = 0
    failed: int = 0
    canceled: int = 0
    pending: int = 0
    # Created, with a status that could not be read in time.
    unknown: int = 0
    took: Counter[int] = field(default_factory=Counter)

    @property
    def succeeded(self) -> int:
        """Created deliveries minus the others. Never below zero, even if a row came too late to be counted as
        created.
        """
        return max(0, self.made - self.failed - self.canceled - self.pending - self.unknown)


async def count_parts(database: Statements, subjects: Subjects, window: Window) -> list[list[Part]]:
    """The parts of a window, in order, for each subject."""
    each = [[Part(since, until) for since, until in window.parts()] for _ in subjects.ids]
    # Periods are counted over all event types.
    in_periods = window.in_periods and subjects.event_types is None
    closed = await closed_until(database) if in_periods else window.since
    if closed > window.since:
        await _add_periods(database, subjects, window, closed, each)
    await _add_deliveries(database, subjects, closed, each)
    if subjects.attempts:
        await _add_attempts(database, subjects, closed, each)
    return each


async def count_closed_parts(database: Statements, subjects: Subjects, window: Window) -> list[list[Part]]:
    """The parts as far as closed periods tell: deliveries created, of unknown status, and attempts. Nothing of a window
    that is not made of periods.
    """
    each = [[Part(since, until) for since, until in window.parts()] for _ in subjects.ids]
    closed = await closed_until(database) if window.in_periods and subjects.event_types is None else window.since
    if closed > window.since:
        await _add_periods(database, subjects, window, closed, each)
    for part in chain.from_iterable(each):
        part.unknown = part.made
    return each


async def _add_periods(
    database: Statements, subjects: Subjects, window: Window, closed: datetime, each: Sequence[Sequence[Part]]
) -> None:
    until = min(closed, window.until)
    ranges = [
        (number, id_, period_id(id_, window.since), period_id(id_, until)) for number, id_ in enumerate(subjects.ids)
    ]
    if not subjects.attempts:
        begin, width = int(window.since.timestamp()), int(window.width.total_seconds())
        for row in await database.fetch_rows(_CREATED[database.dialect], _RANGES, ranges, begin, width):
            each[row["number"]][row["place"]].made += row["deliveries"]
        return
    rows = await database.fetch_rows(_PERIODS[database.dialect], _RANGES, ranges)
    # A busy quarter of a year takes a few tenths of a second, which must not block the event loop.
    await asyncio.to_thread(_add_rows, window, rows, each)


def _add_rows(window: Window, rows: Sequence[Row], each: Sequence[Sequence[Part]]) -> None:
    for row in rows:
        part = each[row["number"]][(period_begin(row["id"]) - window.since) // window.width]
        part.made += row["deliveries"]
        for duration, attempts in orjson.loads(row["latencies"]):
            part.took[duration] += attempts


async def _add_deliveries(
    database: Statements, subjects: Subjects, closed: datetime, each: Sequence[Sequence[Part]]
) -> None:
    numbered = _numbered(subjects, each)
    ranges = [
        (number, id_, *(lowest_id(DELIVERY, at) for at in (part.since, part.until, _counted_from(part, closed))))
        for number, (id_, part) in enumerate(numbered)
    ]
    typed, types = subjects.typed(" AND {}")
    statement = _DELIVERIES.format(subject=subjects.column, typed=typed)
    for row in await database.fetch_rows(statement, _PARTS, ranges, *types):
        _, part = numbered[row["number"]]
        part.made += row["made"]
        part.failed, part.canceled, part.pending = row["failed"], row["canceled"], row["pending"]


async def _add_attempts(
    database: Statements, subjects: Subjects, closed: datetime, each: Sequence[Sequence[Part]]
) -> None:
    numbered = _numbered(subjects, each)
    ranges = [
        (number, id_, lowest_id(ATTEMPT, _counted_from(part, closed)), lowest_id(ATTEMPT, part.until))
        for number, (id_, part) in enumerate(numbered)
        if part.until > closed
    ]
    typed, types = subjects.typed(" AND EXISTS (SELECT 1 FROM delivery d WHERE d.id = a.delivery_id AND {})")
    statement = _ATTEMPTS[database.dialect].format(subject=subjects.column, typed=typed)
    for row in await database.fetch_rows(statement, _RANGES, ranges, *types) if ranges else ():
        numbered[row["number"]][1].took[row["duration"]] += row["attempts"]


def _numbered(subjects: Subjects, each: Sequence[Sequence[Part]]) -> list[tuple[str, Part]]:
    return [(id_, part) for id_, parts in zip(subjects.ids, each, strict=True) for part in parts]


def _counted_from(part: Part, closed: datetime) -> datetime:
    """The time from which a part has to be counted from the rows."""
    return min(max(part.since, closed), part.until)
