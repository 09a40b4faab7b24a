"""Followers of the same subscription: it runs once for all of them, and each message is serialised once.

Messages are pulled: the next one is produced when a follower waits for it. A follower that falls behind catches up by a
subscription of its own (`graph.sharing`); only the latest message is kept, and it is shared by all.
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

from app.access.open_streams import Credentials
from app.updates.cursor import Cursor
from graph.errors import explain
from graph.http import encode
from graph.stream_state import StreamState, Told

Results = AsyncGenerator[ExecutionResult, None]

# Followers woken before the event loop runs anything else: about half a millisecond.
AT_ONCE = 32
# How long an audience leaves the process to others after a message, whatever it took to make it.
LONGEST_PAUSE_SECONDS = 0.5


@dataclass(slots=True, eq=False)
class Message:
    """One message of an audience.

    Attributes:
        number: counts up.
        start: position of the followers that receive it next.
        admitted: credentials that have been checked for this message.
        asked: credentials that are being checked.
    """

    number: int
    start: Cursor
    told: Told
    result: ExecutionResult
    admitted: set[Credentials] = field(default_factory=set)
    asked: dict[Credentials, asyncio.Future[None]] = field(default_factory=dict)


class Audience:
    """Sends the messages of one subscription to all of its followers.

    Args:
        results: results of the subscription after its first message; the audience closes them.
        state: state of the subscription.
        told: what the first message covers.
    """

    def __init__(self, results: Results, state: StreamState, told: Told) -> None:
        state.shared = True
        self._loop = asyncio.get_running_loop()
        self._state = state
        # In order of arrival; a dictionary, so that removal takes constant time.
        self._waiting: dict[asyncio.Future[None], None] = {}
        self._asked = asyncio.Event()
        nothing = ExecutionResult(data=None, errors=None)
        self.latest = Message(0, told.end, told, nothing)
        # The error that ended it, if one did.
        self.last_words: ExecutionResult | None = None
        self.over = False
        self.members = 0
        # In an empty context, because log lines written here belong to no request.
        self._task = asyncio.create_task(self._run(results), context=Variables())

    async def news(self, seconds: float | None = None) -> None:
        """Wait for a message, for the end, or at most for `seconds`."""
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
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self, results: Results) -> None:
        clock = self._loop.time
        try:
            async with aclosing(results):
                async for result in results:
                    told = self._state.take()
                    if told is None:
                        self.last_words = result
                        continue
                    self.latest = Message(self.latest.number + 1, _start(told, self.latest), told, _written(result))
                    await self._wake()
                    # Pause for as long as this took: under load, messages get bigger rather than more frequent.
                    # Time spent waiting for a stalled database does not count.
                    await asyncio.sleep(min(clock() - told.at, LONGEST_PAUSE_SECONDS))
                    await self._until_asked()
        except Exception as error:  # noqa: BLE001 - a defect, which must not leave followers waiting forever
            self.last_words = refusal(error)
        finally:
            self.over = True
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
    """The result for an error that occurred outside the execution."""
    located = GraphQLError(str(error), original_error=error)
    explain([located])
    return ExecutionResult(data=None, errors=[located], extensions=extensions)


def _start(told: Told, before: Message) -> Cursor:
    return before.told.end if told.since is None else told.since


def _written(result: ExecutionResult) -> ExecutionResult:
    """The same result with its data serialised, which the encoder then copies."""
    written: Any = orjson.Fragment(encode(result.data))
    return ExecutionResult(
        data=None if result.data is None else written, errors=result.errors, extensions=result.extensions
    )
