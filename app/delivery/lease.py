"""This process's right to hold claims: a row whose `lease_until` a heartbeat keeps moving.

One row a process rather than a lease on each delivery, so that a heartbeat costs the same with a thousand deliveries in
flight. A process that was stopped past its lease finds its row gone; it then goes on under a new id, and what it held
under the old one belongs to whoever claimed it since (recording is conditional on the id).
"""

import os
import socket
from datetime import datetime, timedelta

from app.clock import Clock, to_micros
from app.database.database import Database
from app.ids import WORKER, new_id


class Lease:
    """The lease of this process. `worker_id` is what claims are made under, and changes when a lease was lost."""

    def __init__(self, database: Database, clock: Clock, length: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._length = length
        self.worker_id = new_id(WORKER, clock.now())

    async def begin(self) -> None:
        """Take a lease under a new id."""
        now = self._clock.now()
        self.worker_id = new_id(WORKER, now)
        await self._database.execute(
            "INSERT INTO worker (id, host, pid, started_at, lease_until) VALUES ($1, $2, $3, $4, $5)",
            self.worker_id,
            socket.gethostname()[:255],
            os.getpid(),
            to_micros(now),
            self._until(now),
        )

    async def renew(self) -> bool:
        """Move the lease on; False where it had ended and a new one was taken."""
        now = self._clock.now()
        renewed = await self._database.fetch(
            # Never earlier: a renewal that was held up must not take back what a later one gave.
            "UPDATE worker SET lease_until = CASE WHEN lease_until > $2 THEN lease_until ELSE $2 END"
            " WHERE id = $1 AND lease_until > $3 RETURNING id",
            self.worker_id,
            self._until(now),
            to_micros(now),
        )
        if not renewed:
            await self.begin()
        return bool(renewed)

    async def end(self) -> None:
        """Give the lease up: whatever is still claimed under it is free."""
        await self._database.execute("DELETE FROM worker WHERE id = $1", self.worker_id)

    def _until(self, now: datetime) -> int:
        return to_micros(now + self._length)
