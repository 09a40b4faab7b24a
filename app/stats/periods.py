"""Counts the deliveries and attempts of five minutes once they are over, and stores the counts (docs/adr/0006).

Only counts that can no longer change are stored: how many deliveries were created, and how long attempts took. Which
deliveries have failed or still wait is read from the rows. The path of an event therefore keeps no counters, and no
count has to be corrected later.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import orjson
import structlog

from app.clock import EPOCH, Clock, from_micros, to_micros
from app.database.batch import Columns
from app.database.database import Database, Statements
from app.ids import ATTEMPT, DELIVERY, id_time, lowest_id
from app.stats.latency import rounded_sql
from app.stats.window import PERIOD, period_of

log = structlog.get_logger()

# A row gets its ID a moment before it is committed. This long after a period, nothing is added to it any more: a write
# waits for the database at most half a minute, and machines' clocks agree to within the lease.
CLOSED_AFTER = timedelta(minutes=10)
# The maximum for one call: a day. After a longer outage of the server, a few calls are needed.
MAX_PERIODS = 288

_PROGRESS = "deliveries"
_BEGIN = "INSERT INTO stats_progress (id, closed_until) VALUES ($1, 0) ON CONFLICT (id) DO NOTHING"
_READ = "SELECT closed_until FROM stats_progress WHERE id = $1"
_REOPEN = "UPDATE stats_progress SET closed_until = $2 WHERE id = $1 AND closed_until = $3"
_MOVE = "UPDATE stats_progress SET closed_until = $2 WHERE id = $1 AND closed_until = $3 RETURNING id"

_FIRST = (
    "SELECT (SELECT min(id) FROM delivery WHERE id >= $1) AS delivery,"
    " (SELECT min(id) FROM attempt WHERE id >= $2) AS attempt"
)
_DELIVERIES = (
    "SELECT workspace_id, webhook_id, count(*) AS deliveries FROM delivery"
    " WHERE id >= $1 AND id < $2 AND NOT test GROUP BY workspace_id, webhook_id"
)
_LATENCIES = f"""
SELECT workspace_id, webhook_id, {rounded_sql("duration_us")} AS duration, count(*) AS attempts FROM attempt
WHERE id >= $1 AND id < $2 AND trigger <> 'TEST' GROUP BY workspace_id, webhook_id, duration
"""
_ROWS: Columns = (("id", "text"), ("deliveries", "bigint"), ("latencies", "text"))
_INSERT = (
    "INSERT INTO stats_period (id, deliveries, latencies) SELECT id, deliveries, latencies FROM {rows} AS new"
    " WHERE true"  # SQLite would take ON for a join's.
    " ON CONFLICT (id) DO UPDATE SET deliveries = excluded.deliveries, latencies = excluded.latencies"
)
# A clock that was set back by more is not followed: retention may have deleted rows that those periods have counted.
MAX_REOPENED = timedelta(days=1)


async def close_periods(database: Database, clock: Clock) -> int:
    """Store the periods that are over; periodic, and safe in several processes at once.

    Returns:
        How many periods with any deliveries or attempts this call stored.
    """
    last = period_of(clock.now() - CLOSED_AFTER)
    await database.execute(_BEGIN, _PROGRESS)
    await _reopen(database, last)
    closed = 0
    while closed < MAX_PERIODS and (until := await closed_until(database)) < last:
        begin = await _first_used(database, until)
        if begin is None or begin >= last:
            await _write(database, [], until, last)
            break
        if not await _write(database, await _count(database, begin), until, begin + PERIOD):
            break  # another process is doing it
        closed += 1
    return closed


class ClosedPeriods:
    """Stores the periods that are over, and asks the database only once another one is. For one process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._last: datetime | None = None

    async def close(self) -> int:
        """Store the periods that are over; periodic. Return how many with any deliveries or attempts were stored."""
        last = period_of(self._clock.now() - CLOSED_AFTER)
        if last == self._last:
            return 0
        closed = await close_periods(self._database, self._clock)
        if await closed_until(self._database) >= last:
            self._last = last
        return closed


async def closed_until(database: Statements) -> datetime:
    """Until when every period is stored; long ago if none is."""
    row = await database.fetch_one(_READ, _PROGRESS)
    return EPOCH if row is None else from_micros(row["closed_until"])


def period_id(subject_id: str, begin: datetime) -> str:
    """The ID of the row of one period of one webhook or workspace; those of one subject sort by time."""
    return f"{subject_id}.{int(begin.timestamp())}"


def period_begin(row_id: str) -> datetime:
    """When the period of a row began."""
    return datetime.fromtimestamp(int(row_id.rpartition(".")[2]), UTC)


async def _reopen(database: Database, last: datetime) -> None:
    """Open the periods again that end after `last`, the end of what may be closed, because the clock was set back and
    rows are added to them. They are counted again once they are over.

    Processes with slightly different clocks may close one period more than this one would.
    """
    until = await closed_until(database)
    if last + PERIOD < until <= last + MAX_REOPENED:
        await database.execute(_REOPEN, _PROGRESS, to_micros(last), to_micros(until))
        log.warning("statistics.reopened", since=last, until=until)


async def _first_used(database: Database, since: datetime) -> datetime | None:
    """Begin of the first period, from `since` on, that contains anything."""
    row = await database.fetch_one(_FIRST, lowest_id(DELIVERY, since), lowest_id(ATTEMPT, since)) or {}
    return min((period_of(id_time(id_)) for id_ in row.values() if id_ is not None), default=None)


async def _count(database: Database, begin: datetime) -> list[tuple[str, int, str]]:
    """The rows of `stats_period` for one period: one for each webhook and each workspace with any activity in it."""
    until = begin + PERIOD
    made: Counter[str] = Counter()
    for row in await database.fetch(_DELIVERIES, lowest_id(DELIVERY, begin), lowest_id(DELIVERY, until)):
        for subject_id in (row["webhook_id"], row["workspace_id"]):
            made[subject_id] += row["deliveries"]
    took: dict[str, Counter[int]] = defaultdict(Counter)
    for row in await database.fetch(_LATENCIES, lowest_id(ATTEMPT, begin), lowest_id(ATTEMPT, until)):
        for subject_id in (row["webhook_id"], row["workspace_id"]):
            took[subject_id][row["duration"]] += row["attempts"]
    return [
        (period_id(subject_id, begin), made[subject_id], orjson.dumps(sorted(took[subject_id].items())).decode())
        for subject_id in sorted(made.keys() | took.keys())
    ]


async def _write(database: Database, rows: Sequence[tuple[str, int, str]], expected: datetime, until: datetime) -> bool:
    """Write a period and move on, unless another process has done so first."""
    async with database.transaction() as statements:
        if not await statements.fetch(_MOVE, _PROGRESS, to_micros(until), to_micros(expected)):
            return False
        if rows:
            await statements.fetch_rows(_INSERT, _ROWS, rows)
        return True
