"""Lets Dramatiq's worker threads run async actors on an event loop that is there already.

Dramatiq's own middleware starts a thread with a loop of its own. The database, the sockets and the pipeline belong to
the server's loop, and one process has one loop.
"""

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import wait
from typing import Any, TypeVar

from dramatiq.asyncio import EventLoopThread
from dramatiq.threading import Interrupt

_Result = TypeVar("_Result")


class RunningLoop(EventLoopThread):
    """Stands in for Dramatiq's loop thread; never started as a thread itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(logging.getLogger("dramatiq"))
        self.loop.close()
        self.loop = loop

    def run_coroutine(self, coro: Coroutine[Any, Any, _Result]) -> _Result:  # type: ignore[override]
        """Run a coroutine on the loop and wait for it in this thread; a time limit or a shutdown cancels it."""
        try:
            future = asyncio.run_coroutine_threadsafe(coro, self.loop)
        except RuntimeError:
            coro.close()
            raise
        try:
            # Woken now and then, because an interrupt is only raised in a thread that runs Python.
            while not wait([future], timeout=self.interrupt_check_ival).done:
                pass
        except Interrupt:
            future.cancel()
            raise
        return future.result()
