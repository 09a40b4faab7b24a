"""This process's right to hold claims: a row with a `lease_until` that a heartbeat keeps moving.

There is one row per process rather than a lease on each delivery, so that a heartbeat costs the same with a thousand
deliveries in flight. A process that finds another's lease ended deletes its row and then frees its claims. A process
that was stopped past its lease therefore either finds its row, and has lost nothing, or finds it gone. Then it
continues under a new ID, and its earlier deliveries belong to the processes that have claimed them since (recording is
conditional on the ID).
"""

import os
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from app.clock import Clock, Micros, to_micros
from app.database.database import Statements
from app.database.errors import DatabaseUnavailable
from app.delivery.timekeeper import POSTGRES_NOW
from app.ids import WORKER, new_id

log = structlog.get_logger()

# Never earlier: a delayed renewal must not undo a later one. The placeholders are the worker's ID and the new end.
RENEW = (
    "UPDATE worker SET lease_until = CASE WHEN lease_until > {until} THEN lease_until ELSE {until} END WHERE id = {id}"
)
_RENEW = RENEW.format(id="$1", until="$2")
# With the database's time, so that a heartbeat is one statement.
_BEAT = {
    "postgres": f"{_RENEW} RETURNING {POSTGRES_NOW} AS now",
    "sqlite": f"{_RENEW} RETURNING NULL AS now",
}


class Beat(NamedTuple):
    """Result of a renewal: whether the lease was kept, and the time of PostgreSQL if that was read."""

    kept: bool
    time: Micros | None


class Lease:
    """The lease of this process.

    Args:
        length: how long it lasts after each renewal.
        monotonic: a monotonic clock in seconds.

    Attributes:
        worker_id: ID under which claims are made; changes when the lease was lost.
    """

    def __init__(
        self, database: Statements, clock: Clock, length: timedelta, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._clock = clock
        self._length = length
        self._monotonic = monotonic
        self._renewed_at = self._judges_from = monotonic()
        self.worker_id = new_id(WORKER, clock.now())

    @property
    def may_judge(self) -> bool:
        """Whether this process may judge that others' leases have ended.

        A process that was itself away (stopped, or without the database) for as long as a lease cannot tell dead
        processes from those that were away with it. It first gives them a lease's time to come back.
        """
        now = self._monotonic()
        return now >= self._judges_from and not self._has_ended(now)

    async def begin(self) -> None:
        """Take a lease under a new id."""
        now = self._clock.now()
        worker_id = new_id(WORKER, now)
        await self._database.execute(
            "INSERT INTO worker (id, host, pid, started_at, lease_until) VALUES ($1, $2, $3, $4, $5)",
            worker_id,
            socket.gethostname()[:255],
            os.getpid(),
            to_micros(now),
            self._until(now),
        )
        self.worker_id = worker_id
        self._renewed_at = self._monotonic()

    async def renew(self) -> bool:
        """Extend the lease; return False if another process deleted it and a new one was begun."""
        return (await self.beat()).kept

    async def beat(self) -> Beat:
        """Extend the lease, and read PostgreSQL's time in the same statement. If another process deleted the lease, a
        new one is begun.
        """
        asked_at = self._monotonic()
        renewed = await self._database.fetch(_BEAT[self._database.dialect], self.worker_id, self.until())
        if not renewed:
            self._judge_later_if_ended(asked_at)
            await self.begin()
            return Beat(kept=False, time=None)
        self.renewed(asked_at)
        return Beat(kept=True, time=renewed[0]["now"])

    def until(self) -> Micros:
        """Until when a renewal that is asked for now extends the lease."""
        return self._until(self._clock.now())

    def renewed(self, asked_at: float) -> None:
        """Note a renewal that was asked for at a moment of the monotonic clock."""
        self._judge_later_if_ended(asked_at)
        self._renewed_at = max(self._renewed_at, asked_at)

    def lasts(self, seconds: float) -> bool:
        """Whether less than half of the lease will have passed `seconds` from now."""
        return self._monotonic() + seconds - self._renewed_at < self._length.total_seconds() / 2

    async def end(self) -> None:
        """Give the lease up and so free the claims under it. If the database is unavailable, the lease ends by
        itself.
        """
        try:
            await self._database.execute("DELETE FROM worker WHERE id = $1", self.worker_id)
        except DatabaseUnavailable as error:
            log.warning("lease.not_ended", error=str(error))

    def _judge_later_if_ended(self, at: float) -> None:
        if self._has_ended(at):
            self._judges_from = at + self._length.total_seconds()

    def _until(self, now: datetime) -> Micros:
        return to_micros(now + self._length)

    def _has_ended(self, at: float) -> bool:
        return at - self._renewed_at >= self._length.total_seconds()
