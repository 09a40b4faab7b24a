"""Reads for all followers of this process: one blocking read on the bell, then one read over the streams that rang.

Updates stay in a window that the followers share; a follower that is further back than the window reads from Redis by
itself. Every few seconds, and after every failure, a survey compares each stream's position with what was read. It
finds what the bell cannot announce (a flushed Redis does not ring) and keeps followed streams alive.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable
from typing import TypeVar

from redis.exceptions import RedisError

from app.redis_connection import backoff_seconds
from app.updates.bus import Batch
from app.updates.cursor import Cursor, start
from app.updates.redis_streams.commands import MAX_ENTRIES, Commands
from app.updates.redis_streams.condition import Condition
from app.updates.redis_streams.entries import put_away, read_page
from app.updates.update import Stream
from app.updates.window import Following, Page, Shelf, Window

Answer = TypeVar("Answer")

# Under load reads keep this distance, so that a busy stream causes bigger reads and not more of them.
PACE_SECONDS = 0.01
# How many streams are asked for at once.
MAX_READ = 20
MAX_SURVEY = 200


class _Closed(Exception):
    """The bus closed while a follower waited for Redis."""


class Reader:
    """The reading half of the bus.

    Args:
        condition: is notified of success and failure.
        joined: called with the stream of each new follower.
        window: how many updates are held in memory for all followers together.
        survey_seconds: time between two surveys.
        block_seconds: how long a read may wait for something to read; well below the client's timeout for an answer.
    """

    def __init__(
        self,
        commands: Commands,
        condition: Condition,
        joined: Callable[[Stream], object],
        *,
        window: int,
        survey_seconds: float,
        block_seconds: float,
    ) -> None:
        self._commands = commands
        self._condition = condition
        self._joined = joined
        self._window = Window(window)
        self._survey_seconds = survey_seconds
        self._block_seconds = block_seconds
        self._bell = b"0-0"
        self._outages = 0
        self._reachable = asyncio.Event()
        self._reachable.set()  # assumed at first: the first follower asks at once
        self._stirred = asyncio.Event()
        self._closing = asyncio.Event()
        self.followers = 0

    def close(self) -> None:
        """End all followers."""
        self._window.close()
        self._closing.set()
        self._reachable.set()

    async def run(self) -> None:
        """Read until canceled. Without followers, this only checks every few seconds that Redis answers."""
        failures = 0
        while True:
            try:
                await self._survey()
                self._condition.succeeded()
                self._reachable.set()
                await self._read(asyncio.get_running_loop().time() + self._survey_seconds)
                failures = 0
            except Exception as error:  # noqa: BLE001 - followers wait for this task, which must continue
                self._failed(error)
                await asyncio.sleep(backoff_seconds(failures))
                failures += 1

    async def follow(self, stream: Stream, after: Cursor | None) -> AsyncGenerator[Batch, None]:
        """The batches of one follower; waits for Redis as long as necessary."""
        shelf = None
        self.followers += 1
        try:
            shelf, position, gap = await self._join(stream, after)
            following = Following(self._window, shelf, position, gap=gap, backfill=self._backfill)
            while (batch := await following.next()) is not None:
                yield batch
        except _Closed:
            return
        finally:
            self.followers -= 1
            if shelf is not None:
                self._leave(shelf)

    async def _join(self, stream: Stream, after: Cursor | None) -> tuple[Shelf, Cursor, bool]:
        at_once, outages = self._reachable.is_set(), self._outages
        _, (tail,) = await self._ask(lambda: self._commands.survey([stream]))
        shelf = self._window.open(stream, tail.epoch, tail.number)
        if tail.epoch > shelf.epoch:
            self._window.restart(shelf, tail.epoch, 0)  # the reader has not heard of it yet
        shelf.followers += 1
        self._joined(stream)
        self._stirred.set()
        position, gap = start(after, tail)
        # A follower that had to wait for Redis wanted updates from before the stream's present end.
        waited = not at_once or outages != self._outages
        return shelf, position, gap or (after is None and waited)

    def _leave(self, shelf: Shelf) -> None:
        shelf.followers -= 1
        if not shelf.followers:
            self._window.forget(shelf)

    async def _backfill(self, shelf: Shelf, position: Cursor) -> Page:
        entries = await self._ask(lambda: self._commands.read_on(shelf.stream, position))
        return read_page(position, entries)

    async def _ask(self, question: Callable[[], Coroutine[None, None, Answer]]) -> Answer:
        """A follower's own query; repeated, once `run` has reached Redis again, until there is an answer."""
        failures = 0
        while not self._closing.is_set():
            try:
                # Shielded: redis-py may swallow the cancellation (see `_cancel`), and the follower would continue.
                return await asyncio.shield(question())
            except (RedisError, OSError) as error:
                self._failed(error)
            await _within(backoff_seconds(failures), self._closing)
            await self._reachable.wait()
            failures += 1
        raise _Closed

    def _failed(self, error: Exception) -> None:
        self._condition.failed(error)
        self._outages += 1
        self._reachable.clear()
        self._stirred.set()

    async def _survey(self) -> None:
        streams = [shelf.stream for shelf in self._window]
        behind: list[Stream] = []
        for first in range(0, max(1, len(streams)), MAX_SURVEY):
            some = streams[first : first + MAX_SURVEY]
            bell, tails = await self._commands.survey(some)
            if first == 0:
                self._bell = bell
            behind += [stream for stream, tail in zip(some, tails, strict=True) if self._is_behind(stream, tail)]
        await self._catch_up(behind)

    def _is_behind(self, stream: Stream, tail: Cursor) -> bool:
        shelf = self._window.get(stream)
        if shelf is None:
            return False
        if shelf.epoch != tail.epoch:
            self._window.restart(shelf, tail.epoch, 0)
        return shelf.last < tail.number

    async def _read(self, deadline: float) -> None:
        """Read the streams that ring until it is time for a survey."""
        while self._reachable.is_set() and (left := deadline - asyncio.get_running_loop().time()) > 0:
            if not self._window.streams:
                self._stirred.clear()
                await _within(left, self._stirred)
                return  # a follower that joined listens from the bell position of a new survey
            self._bell, rang = await self._commands.listen(self._bell, min(left, self._block_seconds))
            if rang:
                await self._catch_up(rang)
                await asyncio.sleep(PACE_SECONDS)

    async def _catch_up(self, streams: Iterable[Stream]) -> None:
        """Read followed streams to their ends, a bounded piece at a time."""
        waiting = deque(stream for stream in streams if self._window.get(stream))
        while waiting:
            some = [waiting.popleft() for _ in range(min(MAX_READ, len(waiting)))]
            shelves = {stream: shelf for stream in some if (shelf := self._window.get(stream))}
            if not shelves:
                continue  # their followers left meanwhile
            positions = {stream: Cursor(shelf.epoch, shelf.last) for stream, shelf in shelves.items()}
            for stream, entries in (await self._commands.read(positions)).items():
                put_away(entries, self._window, shelves[stream])
                if len(entries) == MAX_ENTRIES:
                    waiting.append(stream)


async def _within(seconds: float, event: asyncio.Event) -> None:
    """Wait for an event, but no longer than this."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
