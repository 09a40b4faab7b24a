"""Walks through old rows and deletes them, one batch at a time with a rest after each. Periodic.

A table is walked by its primary key, which contains the time of creation. A process remembers its position, so that
rows that are kept longer (a failed delivery, one of a paused webhook) are not looked at every minute; once a day it
starts over. Several processes may prune at once: each skips the rows that others hold.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import structlog

from app.clock import to_micros
from app.ids import ATTEMPT, AUDIT_ENTRY, EVENT, OPERATION, PROBLEM, lowest_id
from app.retention.audit import prune_audit
from app.retention.batch import BATCH, Old, delete_rows
from app.retention.cutoffs import cutoffs
from app.retention.events import fetch_events, forget_events
from app.retention.periods import prune_periods
from app.services import Services
from app.stats.periods import closed_until

log = structlog.get_logger()

# A batch takes some ten milliseconds, so most of the time is left to other work.
REST_SECONDS = 0.1
START_OVER_AFTER = timedelta(days=1)

# Above every ID: marks a table that is walked to its end.
_END = "~"

# For each table the next rows by ID, and whether each is `over`: older than $3, microseconds, and no longer needed.
_PAGES = {
    # Attempts of a delivery that did not succeed explain the failure: they stay as long as it does.
    "attempt": (
        "SELECT a.id, a.started_at < $3 AND"
        " coalesce((SELECT d.status FROM delivery d WHERE d.id = a.delivery_id), 'SUCCEEDED') = 'SUCCEEDED' AS over"
        f" FROM attempt a WHERE a.id > $1 AND a.id < $2 ORDER BY a.id LIMIT {BATCH}"
    ),
    "operation": (
        "SELECT id, status <> 'RUNNING' AND completed_at < $3 AS over"
        f" FROM operation WHERE id > $1 AND id < $2 ORDER BY id LIMIT {BATCH}"
    ),
    # The deliveries that it affects stay as long as failed ones do.
    "problem": (
        "SELECT p.id, p.status = 'RESOLVED' AND p.resolved_at < $3"
        " AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.problem_key = p.key) AS over"
        f" FROM problem p WHERE p.id > $1 AND p.id < $2 ORDER BY p.id LIMIT {BATCH}"
    ),
}

# From a position to the next one, None at the end; and how many rows of each table were deleted.
_Step: TypeAlias = Callable[[str], Awaitable[tuple[str | None, Mapping[str, int]]]]


@dataclass(slots=True)
class Round:
    """One walk through all tables, from the beginning. Failed deliveries that ended before `failed_until` may be
    deleted. It stays fixed during the round, because the statistics that need them are deleted first.
    """

    began_at: datetime
    failed_until: datetime | None
    positions: dict[str, str] = field(default_factory=dict)


class Retention:
    """Prunes for this process.

    Args:
        observe: called with the name of a table and the number of its rows that were deleted.
    """

    def __init__(
        self, services: Services, observe: Callable[[str, int], None], *, rest_seconds: float = REST_SECONDS
    ) -> None:
        self._services = services
        self._observe = observe
        self._rest_seconds = rest_seconds
        self._round = Round(datetime.min.replace(tzinfo=UTC), None)

    async def prune(self) -> Mapping[str, int]:
        """Delete what is too old by now; return how many rows of each table were deleted."""
        services = self._services
        now = services.clock.now()
        old = cutoffs(services.settings, now, await closed_until(services.database))
        if abs(now - self._round.began_at) >= START_OVER_AFTER:  # The clock may have been set back.
            self._round = Round(now, old.failed)
        gone = Counter[str]()
        if old.events is not None:
            if self._round.failed_until is not None:
                await self._walk("stats_period", _END, self._periods_before(self._round.failed_until), gone)
            step = self._events_before(old.events, self._round.failed_until)
            await self._walk("event", lowest_id(EVENT, old.events), step, gone)
        for table, prefix, before in (
            ("attempt", ATTEMPT, old.attempts),
            ("problem", PROBLEM, old.failed),
            ("operation", OPERATION, old.operations),
        ):
            if before is not None:
                await self._walk(table, lowest_id(prefix, before), self._rows_before(table, prefix, before), gone)
        if old.audit is not None:
            until = lowest_id(AUDIT_ENTRY, old.audit)
            await self._walk("audit_entry", until, self._audit_before(until, old.audit), gone)
        if gone.total():
            log.info("retention.pruned", rows=dict(gone))
        return gone

    async def _walk(self, table: str, until: str, step: _Step, gone: Counter[str]) -> None:
        """Continue at this round's position in a table, up to an ID."""
        positions = self._round.positions
        while positions.get(table, "") < until:
            position, rows = await step(positions.get(table, ""))
            positions[table] = until if position is None else position
            for name, count in rows.items():
                gone[name] += count
                self._observe(name, count)
            await asyncio.sleep(self._rest_seconds)

    def _events_before(self, before: datetime, failed_before: datetime | None) -> _Step:
        database = self._services.database

        async def step(after: str) -> tuple[str | None, Mapping[str, int]]:
            events = await fetch_events(database, after, lowest_id(EVENT, before), before, failed_before)
            over = [event.id for event in events if event.over]
            return _last(events), await forget_events(database, over, before, failed_before)

        return step

    def _rows_before(self, table: str, prefix: str, before: datetime) -> _Step:
        database = self._services.database

        async def step(after: str) -> tuple[str | None, Mapping[str, int]]:
            rows = await database.fetch(_PAGES[table], after, lowest_id(prefix, before), to_micros(before))
            old = [Old(row["id"], bool(row["over"])) for row in rows]
            return _last(old), {table: await delete_rows(database, table, [row.id for row in old if row.over])}

        return step

    def _audit_before(self, until: str, before: datetime) -> _Step:
        async def step(after: str) -> tuple[str | None, Mapping[str, int]]:
            position, deleted = await prune_audit(self._services.database, after, until, before)
            return position, {"audit_entry": deleted}

        return step

    def _periods_before(self, before: datetime) -> _Step:
        async def step(after: str) -> tuple[str | None, Mapping[str, int]]:
            position, deleted = await prune_periods(self._services.database, after, before)
            return position, {"stats_period": deleted}

        return step


def _last(rows: Sequence[Old]) -> str | None:
    """Position at which the next batch begins; None if this was the last one."""
    return rows[-1].id if len(rows) == BATCH else None
