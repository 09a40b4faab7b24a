"""Writes announced updates to Redis, in the background: all that arrived during one write go into the next.

An outage of Redis costs the announcer nothing: the writer holds a bounded number of updates, tries again, and lets
followers know of dropped updates by having the stream reborn. A write without an answer is repeated: updates come at
least once.
"""

import asyncio
from collections.abc import Sequence

from redis.exceptions import RedisError

from app.redis_connection import backoff_seconds
from app.updates.redis_streams.commands import Commands
from app.updates.redis_streams.condition import Condition
from app.updates.redis_streams.outbox import Outbox, Parcel
from app.updates.update import Topic, Update

# A write of one update costs about as much as one of a hundred, and each wakes every reader. The first goes out at
# once; under load they keep this distance.
PACE_SECONDS = 0.01
MAX_WRITE = 1_000


class Writer:
    """The writing half of the bus.

    Args:
        condition: is notified of success and failure.
        capacity: how many updates may wait while Redis is away.
    """

    def __init__(self, commands: Commands, condition: Condition, *, capacity: int) -> None:
        self._commands = commands
        self._condition = condition
        self._outbox = Outbox(capacity)
        self._closing = False

    def put(self, topic: Topic, updates: Sequence[Update]) -> None:
        """Queue updates to be written soon."""
        self._outbox.put(topic, updates)

    def close(self) -> None:
        """Let `run` return once everything is written."""
        self._closing = True
        self._outbox.filled.set()

    @property
    def waiting(self) -> int:
        """Number of updates that wait for the next write."""
        return len(self._outbox)

    async def run(self) -> None:
        """Write until closed."""
        while True:
            if not self._closing:
                await self._outbox.filled.wait()
            parcels = self._outbox.take(MAX_WRITE)
            if not parcels:
                return  # closed, and nothing is left
            await self._write(parcels)
            if not self._closing:
                await asyncio.sleep(PACE_SECONDS)

    async def _write(self, parcels: list[Parcel]) -> None:
        failures = 0
        while True:
            try:
                await self._commands.append(parcels)
            except Exception as error:  # noqa: BLE001 - the bus continues, and unwritable updates become a gap
                if not isinstance(error, RedisError | OSError):
                    parcels = [Parcel(parcel.stream, (), lost=True) for parcel in parcels]
                self._condition.failed(error)
                await asyncio.sleep(backoff_seconds(failures))
                failures += 1
            else:
                self._condition.succeeded()
                return
