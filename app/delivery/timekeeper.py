"""Sets this process's clock by the authoritative clock, and brings forward what a step of that clock would delay.

On PostgreSQL the database's clock is authoritative: leases and due times that different processes write are compared
with one time, whatever their machines say. On SQLite it is the machine's. Between two looks the process's clock follows
the monotonic one, so only the authoritative clock can step.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from app.clock import EPOCH, STEP, Clock, Micros, SteadyClock, from_micros, to_micros
from app.database.database import Database, Statements
from app.ids import id_time

log = structlog.get_logger()

# Rows are kept for days: a clock that is ahead by less deletes nothing that matters.
FAR_AHEAD = timedelta(minutes=1)
# After the clock was set forward, people have this long to correct it before rows are deleted by it.
DOUBTED_FOR = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)

POSTGRES_NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
_NOW = f"SELECT {POSTGRES_NOW} AS now"
# Each is read from the end of an index.
_NEWEST = "SELECT " + ", ".join(
    f"(SELECT max(id) FROM {table}) AS {table}" for table in ("event", "delivery", "attempt")
)
_CUT_LEASES = "UPDATE worker SET lease_until = $1 WHERE lease_until > $2 RETURNING id"
_BRING_FORWARD = (
    # Along the indexes of due and of claimed deliveries.
    """
    UPDATE delivery SET next_attempt_at = next_attempt_at - $2 WHERE id IN (
      SELECT d.id FROM webhook w JOIN delivery d ON d.webhook_id = w.id AND d.status = 'RETRYING'
        AND d.claimed_by IS NULL AND d.next_attempt_at > $1
      UNION ALL SELECT d.id FROM delivery d
      WHERE d.claimed_by IS NOT NULL AND d.status = 'RETRYING' AND d.next_attempt_at > $1)
    """,
    "UPDATE webhook SET held_until = held_until - $2 WHERE held_until > $1",
    "UPDATE webhook SET next_slot_at = next_slot_at - $2 WHERE next_slot_at > $1",
    "UPDATE contact_message SET next_attempt_at = next_attempt_at - $2, last_ended_at = last_ended_at - $2"
    " WHERE next_attempt_at > $1 OR last_ended_at > $1",
)


class Asked(NamedTuple):
    """When a statement was sent whose answer contains the time: by the monotonic clock, and by the machine's."""

    moment: float
    machine: datetime


class Timekeeper:
    """Keeps the clock of this process.

    Args:
        clock: the clock to set; one that is not a `SteadyClock` is left alone.
        lease: how long leases last.

    Attributes:
        skew: by how much the machine's clock is ahead of the authoritative one.
    """

    def __init__(self, database: Database, clock: Clock, lease: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._looked = False
        self._newest: datetime | None = None
        self._set_back = timedelta(0)
        self._ahead = timedelta(0)
        self._doubted_until: float | None = None
        self.skew = timedelta(0)

    @property
    def may_forget(self) -> bool:
        """Whether rows may be deleted because of their age. False for a day after the clock was set forward, unless it
        is set back."""
        return self._doubted_until is None or self._monotonic() >= self._doubted_until

    @property
    def behind(self) -> timedelta:
        """By how much the clock is behind the newest row that an embedded server found at its start: it was set back
        while no process ran, or was ahead when that row was written. Nothing else there tells that a clock is wrong.
        """
        return timedelta(0) if self._newest is None else max(timedelta(0), self._newest - self._clock.now())

    async def look(self) -> None:
        """Read the time and set the clock.

        Raises:
            DatabaseUnavailable: the time could not be read from the database.
        """
        if not isinstance(self._clock, SteadyClock):
            return
        asked = self.ask()
        self.set(asked, await self._read())
        if not self._looked and self._database.dialect == "sqlite":
            await self._compare_with_rows()
        self._looked = True

    def ask(self) -> Asked:
        """Note when a statement is sent whose answer will contain the time."""
        return Asked(self._monotonic(), self._clock.machine.now() if isinstance(self._clock, SteadyClock) else EPOCH)

    def set(self, asked: Asked, time: Micros | None) -> bool:
        """Set the clock by an answer that has arrived just now; None on SQLite, where the machine's clock is
        authoritative. Return whether that clock has stepped.
        """
        clock = self._clock
        if not isinstance(clock, SteadyClock):
            return False
        now, answered = asked.machine if time is None else from_micros(time), clock.monotonic()
        moment, uncertain = (asked.moment + answered) / 2, timedelta(seconds=(answered - asked.moment) / 2)
        if time is None:
            moment, uncertain = asked.moment, timedelta(0)
        off, skew = now - clock.at(moment), asked.machine + timedelta(seconds=moment - asked.moment) - now
        if abs(skew) > uncertain or abs(off) > uncertain:
            self.skew = skew
        if abs(off) <= uncertain:  # A slow answer leaves the time uncertain.
            return False
        clock.set(now, moment)
        return self._looked and self._note_step(off)

    async def _compare_with_rows(self) -> None:
        [row] = await self._database.fetch(_NEWEST)
        self._newest = max((id_time(id_) for id_ in row.values() if id_ is not None), default=None)
        if self.behind > STEP:
            log.warning("clock.behind_its_rows", seconds=round(self.behind.total_seconds(), 3))

    def _monotonic(self) -> float:
        return self._clock.monotonic() if isinstance(self._clock, SteadyClock) else 0.0

    async def mend_after(self, lease_until: datetime) -> None:
        """Mend what a clock that was set back while no process ran would delay, given the lease of a process that died:
        it ends later than a lease can.

        Raises: what `mend` does.
        """
        back = lease_until - self._clock.now() - self._lease
        if back > STEP:
            self._note_step(-back)
            await self.mend()

    async def mend(self) -> None:
        """Bring forward everything that waits for times which a clock that was set back has not reached again.

        On PostgreSQL every process notices; the first one to find leases that end too late does it for all.
        """
        back, self._set_back = self._set_back, timedelta(0)
        if not back:
            return
        try:
            async with self._database.transaction() as statements:
                await _bring_forward(statements, self._clock.now(), self._lease, back)
        except BaseException:
            self._set_back += back
            raise

    async def _read(self) -> Micros | None:
        if self._database.dialect == "sqlite":
            return None
        [row] = await self._database.aside.fetch(_NOW)
        time: Micros = row["now"]
        return time

    def _note_step(self, off: timedelta) -> bool:
        if abs(off) < STEP:
            return False
        log.warning("clock.stepped", seconds=round(off.total_seconds(), 3))
        self._set_back = max(timedelta(0), self._set_back - off)
        self._ahead = max(timedelta(0), self._ahead + off)
        if self._ahead < FAR_AHEAD:
            self._doubted_until = None
        elif off > timedelta(0):
            self._doubted_until = self._monotonic() + DOUBTED_FOR.total_seconds()
        return True


async def _bring_forward(statements: Statements, now: datetime, lease: timedelta, by: timedelta) -> None:
    if not await statements.fetch(_CUT_LEASES, to_micros(now + lease), to_micros(now + lease + STEP)):
        return  # Another process has done it.
    for statement in _BRING_FORWARD:
        await statements.execute(statement, to_micros(now), by // MICROSECOND)
