"""All who are told the same: one subscription runs for them, and each message is made and written as JSON once.

Pull all the way here too: the next message is made once somebody waits for it. Whoever does not is told later what he
missed, by himself (`graph.sharing`); nothing is kept for him but the latest message, which all have in common.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from contextvars import Context as Variables
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLError
from strawberry.types.execution import ExecutionResult

from app.supervision import supervised
from app.updates.cursor import Cursor
from graph.errors import explain
from graph.http import encode
from graph.place import Place, Told

Results = AsyncGenerator[ExecutionResult, None]
# A key or access token, and the address that it comes from.
Credentials = tuple[str, str | None]

# So many are told before anything else in the process gets a turn: about half a millisecond.
AT_ONCE = 32
# How long an audience leaves the process to others after a message, whatever it took to make it.
LONGEST_PAUSE_SECONDS = 0.5


@dataclass(slots=True, eq=False)
class Message:
    """One message of an audience.

    Attributes:
        number: counts up.
        start: where those stand who are told it next.
        admitted: the keys, each with an address, that were found good for it.
        asked: those that it is being found out for.
    """

    number: int
    start: Cursor
    told: Told
    result: ExecutionResult
    admitted: set[Credentials] = field(default_factory=set)
    asked: dict[Credentials, asyncio.Future[None]] = field(default_factory=dict)

    def comes_next(self, position: Cursor) -> bool:
        """Whether it has all that comes after a position, and nothing else."""
        return self.start <= position < self.told.first


class Audience:
    """Tells everybody who follows one subscription.

    Args:
        results: the subscription's, its first message taken already; closed by the audience.
        place: where it stands.
        told: what that first message covers.
        check_seconds: how often those who are told nothing are woken, to see whether they still may follow.
    """

    def __init__(self, results: Results, place: Place, told: Told, check_seconds: float) -> None:
        place.shared = True
        self._loop = asyncio.get_running_loop()
        self._place = place
        self._check_seconds = check_seconds
        # In the order in which they came; a dictionary, so that who leaves is found at once.
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._asked = asyncio.Event()
        nothing = ExecutionResult(data=None, errors=None)
        self.latest = Message(0, told.end, told, nothing)
        # The error that ended it, if one did.
        self.last_words: ExecutionResult | None = None
        self.over = False
        self.checks = 0
        self.members = 0
        # In an empty context: what is logged here belongs to no request.
        self._tasks = [
            asyncio.create_task(self._run(results), context=Variables()),
            asyncio.create_task(supervised("audience reminder", self._remind), context=Variables()),
        ]

    async def news(self, seconds: float | None = None) -> None:
        """Wait for a message, for the end, or for the time to check keys; or for so many seconds."""
        woken = self._loop.create_future()
        self._waiting[woken] = None
        self._asked.set()
        try:
            if seconds is None:
                await woken
            else:
                await asyncio.wait([woken], timeout=seconds)
        finally:
            self._waiting.pop(woken, None)

    async def close(self) -> None:
        """End the subscription."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def _run(self, results: Results) -> None:
        clock = self._loop.time
        try:
            async with aclosing(results):
                async for result in results:
                    told = self._place.take()
                    if told is None:
                        self.last_words = result
                        continue
                    self.latest = Message(self.latest.number + 1, _start(told, self.latest), told, _written(result))
                    await self._wake()
                    # As long as this took the process is left to others: when there is much to tell, or there are many
                    # to be told, messages get bigger rather than more. Waiting for a database that stood still does not
                    # count.
                    await asyncio.sleep(min(clock() - told.at, LONGEST_PAUSE_SECONDS))
                    await self._until_asked()
        except Exception as error:  # noqa: BLE001 a defect, which must not leave anybody waiting for ever
            self.last_words = refusal(error)
        finally:
            self.over = True
            await self._wake()

    async def _remind(self) -> None:
        while True:
            await asyncio.sleep(self._check_seconds)
            self.checks += 1
            await self._wake()

    async def _wake(self) -> None:
        waiting = list(self._waiting)
        self._waiting.clear()
        for first in range(0, len(waiting), AT_ONCE):
            for woken in waiting[first : first + AT_ONCE]:
                if not woken.done():
                    woken.set_result(None)
            await asyncio.sleep(0)

    async def _until_asked(self) -> None:
        while not self._waiting:
            self._asked.clear()
            await self._asked.wait()


def refusal(error: Exception, extensions: dict[str, Any] | None = None) -> ExecutionResult:
    """The result that tells of an error beside the execution."""
    located = GraphQLError(str(error), original_error=error)
    explain([located])
    return ExecutionResult(data=None, errors=[located], extensions=extensions)


def _start(told: Told, before: Message) -> Cursor:
    return before.told.end if told.since is None else told.since


def _written(result: ExecutionResult) -> ExecutionResult:
    """The same result, its data as JSON: whatever encodes it copies that text."""
    written: Any = orjson.Fragment(encode(result.data))
    return ExecutionResult(
        data=None if result.data is None else written, errors=result.errors, extensions=result.extensions
    )
