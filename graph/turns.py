"""Turns of sockets: one of them goes on in an iteration of the event loop, and a pause follows, so that requests that
arrive at the same time are answered between them.

Hundreds of clients connect at once after a restart, and each costs some milliseconds.
"""

import asyncio
from collections import deque
from time import monotonic

# For sockets that say who they are: as a multiple of what a turn took, so requests have most of the time. A socket
# that says nothing costs less, and must not hold its place in a queue.
PAUSE_FACTOR = 2.0
# On a slow or busy machine, this keeps the last of 500 clients from waiting for minutes.
MAX_PAUSE_SECONDS = 0.01


class Turns:
    """A queue in which each waits for its turn.

    Args:
        pause_factor: how long the pause after a turn is, as a multiple of what it took.
    """

    def __init__(self, pause_factor: float = 0.0) -> None:
        self._pause_factor = pause_factor
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_going_on = False

    async def turn(self) -> None:
        """Wait until it is the caller's turn."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting.append(turn)
        if not self._is_going_on:
            self._is_going_on = True
            loop.call_soon(self._next)
        await turn

    def _next(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                asyncio.get_running_loop().call_soon(self._pause, monotonic())
                return
        self._is_going_on = False

    def _pause(self, since: float) -> None:
        """Pause after the turn that began at `since`, whose work was done in this iteration of the loop."""
        if not self._pause_factor:
            self._next()
            return
        pause = min(MAX_PAUSE_SECONDS, self._pause_factor * (monotonic() - since))
        asyncio.get_running_loop().call_later(pause, self._next)
