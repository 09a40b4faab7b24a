"""Writes announced updates to Redis, in the background: all that arrived during one write go into the next.

What nobody follows is not written. The writer holds updates of a stream that it does not know to be followed until it
has asked Redis, at most every half second. A follower makes its stream exist before it has a position, so the answer to
a later question includes everyone who has to receive what was announced before.

An outage of Redis costs the announcer nothing: the writer holds a bounded number of updates, tries again, and lets
followers know of dropped updates by having the stream reborn. A write without an answer is repeated: updates come at
least once.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

from redis.exceptions import RedisError

from app.redis_connection import backoff_seconds
from app.updates.redis_streams.commands import Commands
from app.updates.redis_streams.condition import Condition
from app.updates.redis_streams.outbox import Outbox, Parcel
from app.updates.update import Stream, Topic, Update, by_workspace

# A write of one update costs about as much as one of a hundred, and each wakes every reader. The first goes out at
# once; under load they keep this distance.
PACE_SECONDS = 0.01
MAX_WRITE = 1_000
# Time between two questions for followers: how much later than others the first updates after a pause may come.
ASK_SECONDS = 0.5
# The part of a stream's remaining life for which a writer takes it to be followed. It recreates a stream that is gone
# earlier than that, because Redis has lost it.
TRUSTED = 0.9


class Writer:
    """The writing half of the bus.

    Args:
        condition: is notified of success and failure.
        capacity: how many updates may wait while Redis is away.
    """

    def __init__(self, commands: Commands, condition: Condition, *, capacity: int) -> None:
        self._commands = commands
        self._condition = condition
        # Until when a stream is known to be followed, and updates of streams of which that is not known.
        self._followed_until: dict[Stream, float] = {}
        self._unasked = Outbox(capacity)
        self._asked = Outbox(capacity)
        self._outbox = Outbox(capacity)
        self._unwritten = False
        self._closing = asyncio.Event()
        self._asked_all = False

    def put(self, topic: Topic, updates: Sequence[Update]) -> None:
        """Queue updates to be written soon."""
        for workspace_id, group in by_workspace(updates).items():
            is_followed = self._followed_until.get((topic, workspace_id), 0.0) > monotonic()
            (self._outbox if is_followed else self._unasked).put(topic, group)

    def followed(self, stream: Stream, seconds: float) -> None:
        """Note that a stream is followed and will exist for at least this long; write what is held of it."""
        self._followed_until[stream] = monotonic() + TRUSTED * seconds
        self._outbox.move(stream, self._asked)
        self._outbox.move(stream, self._unasked)

    def close(self) -> None:
        """Let `run` return once everything is written."""
        self._closing.set()
        self._unasked.filled.set()

    @property
    def waiting(self) -> int:
        """Number of updates that wait for the next write."""
        return len(self._outbox) + len(self._asked) + len(self._unasked)

    async def run(self) -> None:
        """Write until closed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._ask())
            tasks.create_task(self._write())

    async def _ask(self) -> None:
        """Pass on the updates of followed streams, and drop all others."""
        while not self._closing.is_set() or len(self._unasked):
            await self._unasked.filled.wait()
            self._asked, self._unasked = self._unasked, self._asked
            await self._pass_on(self._asked.streams)
            with suppress(TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    await self._closing.wait()
        self._asked_all = True
        self._outbox.filled.set()

    async def _pass_on(self, streams: Sequence[Stream]) -> None:
        followed = await self._followed(streams) if streams else {}
        for stream, seconds in followed.items():
            self.followed(stream, seconds)
        self._asked.clear()
        self._followed_until = {stream: until for stream, until in self._followed_until.items() if until > monotonic()}

    async def _write(self) -> None:
        while True:
            if not self._asked_all:
                await self._outbox.filled.wait()
            parcels = self._outbox.take(MAX_WRITE)
            if parcels:
                await self._append(parcels)
            elif self._asked_all:
                return  # closed, and nothing is left
            if not self._closing.is_set():
                await asyncio.sleep(PACE_SECONDS)

    async def _append(self, parcels: list[Parcel]) -> None:
        failures = 0
        while True:
            try:
                await self._commands.append(parcels)
            except Exception as error:  # noqa: BLE001 - the bus continues, and unwritable updates become a gap
                if not isinstance(error, RedisError | OSError):
                    parcels = [Parcel(parcel.stream, (), lost=True) for parcel in parcels]
                self._unwritten = True
                await self._failed(error, failures)
                failures += 1
            else:
                self._unwritten = False
                self._condition.succeeded()
                return

    async def _followed(self, streams: Sequence[Stream]) -> dict[Stream, float]:
        failures = 0
        while True:
            try:
                followed = await self._commands.followed(streams)
            except Exception as error:  # noqa: BLE001 - the bus continues
                await self._failed(error, failures)
                failures += 1
            else:
                if not self._unwritten:  # A Redis without memory answers, but cannot be written to.
                    self._condition.succeeded()
                return followed

    async def _failed(self, error: Exception, failures: int) -> None:
        self._condition.failed(error)
        await asyncio.sleep(backoff_seconds(failures))
