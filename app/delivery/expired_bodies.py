"""Empties events that their type keeps no longer: after its number of days, or because they had succeeded before the
type was set to keep bodies until success. Periodic.

Deliveries that are still open after the number of days are canceled, because what they would send must not be kept.

The events of each such type are walked in the order of their IDs. A process remembers how far it came, and starts over
once a day or if the type's settings change. Several processes may do this at once: each event is locked and checked
again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog

from app.clock import to_micros
from app.database.batch import IDS, among
from app.database.database import Row, Statements
from app.delivery.erased import EVENT_COLUMNS, empty_deliveries, empty_events, overwriting
from app.delivery.until_success import SUCCEEDED, empty_succeeded, hold
from app.ids import EVENT, lowest_id
from app.keeping import Keeping, by_type
from app.services import Services
from app.statuses import DeliveryStatus
from app.updates.update import DeliveryRef, Topic, delivery_changed

log = structlog.get_logger()

# An event may have thousands of deliveries.
BATCH = 100
REST_SECONDS = 0.1
START_OVER_AFTER = timedelta(days=1)

_WORKSPACES = "SELECT id, keeping FROM workspace WHERE keeping IS NOT NULL AND deleted_at IS NULL ORDER BY id"
_PAGE = """
SELECT id, CASE WHEN {over} THEN 1 ELSE 0 END AS over FROM event
WHERE workspace_id = $1 AND type = $2 AND id > $3 AND id < $4 AND erased_at IS NULL ORDER BY id LIMIT {batch}
"""
# Above every ID.
_END = "~"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class _Walk(NamedTuple):
    """A walk through the events of one type by one of its rules. Other settings make another walk."""

    workspace_id: str
    event_type: str
    days: int | None


@dataclass(slots=True)
class ExpiredBodies:
    """Empties for this process."""

    services: Services
    rest_seconds: float = REST_SECONDS
    _began_at: datetime = _LONG_AGO
    _positions: dict[_Walk, str] = field(default_factory=dict)

    async def empty(self) -> int:
        """Empty what must not be kept any more; return how many events."""
        database, now = self.services.database, self.services.clock.now()
        if abs(now - self._began_at) >= START_OVER_AFTER:  # The clock may have been set back.
            self._began_at = now
            self._positions.clear()
        walks = [walk for row in await database.fetch(_WORKSPACES) for walk in _walks(row["id"], row["keeping"])]
        self._positions = {walk: self._positions.get(walk, "") for walk in walks}
        emptied = sum([await self._follow(walk, now) for walk in walks])
        if emptied:
            log.info("bodies.emptied", events=emptied)
        if emptied or any(walk.days is None for walk in walks):  # Recorders empty without emptying the log.
            await database.empty_log()
        return emptied

    async def _follow(self, walk: _Walk, now: datetime) -> int:
        until = _END if walk.days is None else lowest_id(EVENT, now - timedelta(days=walk.days))
        over = SUCCEEDED if walk.days is None else "1 = 1"
        text = _PAGE.format(over=over, batch=BATCH)
        emptied, page = 0, BATCH
        while page == BATCH:
            after = self._positions[walk]
            rows = await self.services.database.fetch(text, walk.workspace_id, walk.event_type, after, until)
            emptied += await self._empty(walk, [row["id"] for row in rows if row["over"]], now)
            page = len(rows)
            if rows:
                self._positions[walk] = rows[-1]["id"]
                await asyncio.sleep(self.rest_seconds)
        return emptied

    async def _empty(self, walk: _Walk, event_ids: Sequence[str], at: datetime) -> int:
        if not event_ids:
            return 0
        canceled: list[DeliveryRef] = []
        async with self.services.database.transaction() as statements:
            held = await hold(statements, event_ids)
            if walk.days is None:
                emptied = await empty_succeeded(statements, held, at)
            else:
                emptied, canceled = len(held), await _empty_all(statements, held, at)
        changed = [delivery_changed(delivery, to_micros(at), DeliveryStatus.CANCELED) for delivery in canceled]
        self.services.updates.announce(Topic.DELIVERIES, changed)
        return emptied


def _walks(workspace_id: str, keeping: str) -> list[_Walk]:
    return [_Walk(workspace_id, name, days) for name, kept in by_type(keeping).items() for days in _rules(kept)]


def _rules(keeping: Keeping) -> list[int | None]:
    """What the walks through a type look for: a number of days, or None for success."""
    return [*([keeping.days] if keeping.days is not None else []), *([None] if keeping.until_success else [])]


async def _empty_all(statements: Statements, event_ids: Sequence[str], at: datetime) -> list[DeliveryRef]:
    """Empty events that the transaction holds; return the deliveries that were open and are canceled."""
    events = await _fetch(statements, event_ids)
    async with overwriting(statements):
        await empty_events(statements, events, at, keys=False)
        return (await empty_deliveries(statements, "event_id", event_ids, at, keys=False)).canceled


async def _fetch(statements: Statements, event_ids: Sequence[str]) -> list[Row]:
    text = f"SELECT {EVENT_COLUMNS} FROM event WHERE id {among(statements.dialect)} ORDER BY id"
    return await statements.fetch_rows(text, IDS, [(id_,) for id_ in event_ids])
