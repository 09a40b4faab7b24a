"""This process's right to hold claims: a row whose `lease_until` a heartbeat keeps moving.

One row a process rather than a lease on each delivery, so that a heartbeat costs the same with a thousand deliveries in
flight. Whoever finds a lease ended takes its row away, and then frees what it held. So a process that was stopped past
its lease either finds its row, and has lost nothing, or finds it gone; then it goes on under a new id, and what it held
under the old one belongs to whoever claimed it since (recording is conditional on the id).
"""

import os
import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from app.clock import Clock, to_micros
from app.database.database import Statements
from app.database.errors import DatabaseUnavailable
from app.ids import WORKER, new_id

log = structlog.get_logger()


class Lease:
    """The lease of this process.

    Args:
        length: how long it lasts after each renewal.
        monotonic: seconds, from a clock that nobody sets.

    Attributes:
        worker_id: what claims are made under; changes when a lease was lost.
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
        """Whether this process may take others' leases for ended.

        One that was away itself (stopped, or without the database) for as long as a lease cannot tell the dead from
        those that were away just as long: it first gives them a lease's time to come back.
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
        """Move the lease on; False where somebody took it away and a new one was begun."""
        asked_at, now = self._monotonic(), self._clock.now()
        renewed = await self._database.fetch(
            # Never earlier: a renewal that was held up must not take back what a later one gave.
            "UPDATE worker SET lease_until = CASE WHEN lease_until > $2 THEN lease_until ELSE $2 END"
            " WHERE id = $1 RETURNING id",
            self.worker_id,
            self._until(now),
        )
        if self._has_ended(asked_at):
            self._judges_from = asked_at + self._length.total_seconds()
        if not renewed:
            await self.begin()
        self._renewed_at = asked_at
        return bool(renewed)

    async def end(self) -> None:
        """Give the lease up: whatever is still claimed under it is free. Without the database, it ends by itself."""
        try:
            await self._database.execute("DELETE FROM worker WHERE id = $1", self.worker_id)
        except DatabaseUnavailable as error:
            log.warning("lease.not_ended", error=str(error))

    def _until(self, now: datetime) -> int:
        return to_micros(now + self._length)

    def _has_ended(self, at: float) -> bool:
        return at - self._renewed_at >= self._length.total_seconds()
