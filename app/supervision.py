"""Restarts loops that a process cannot do without: chores, and the readers and writers of shared data.

A loop that ends by an error in its own error handling ends silently, while everything else continues as if it were
well. Each loop therefore runs under `supervised`, which starts it again.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()

LONGEST_PAUSE_SECONDS = 2.0


async def supervised(name: str, loop: Callable[[], Awaitable[object]]) -> None:
    """Run a loop, again whenever it fails, until it returns or this task is canceled.

    A `CancelledError` without a cancellation of this task counts as a failure: it comes from something awaited.
    """
    failures = 0
    while True:
        try:
            await loop()
            return
        except (Exception, asyncio.CancelledError) as error:
            task = asyncio.current_task()
            if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
                raise
            log.exception("loop.failed", loop=name)
        await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, 0.05 * 2.0 ** min(failures, 10)))
        failures += 1
