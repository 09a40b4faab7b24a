"""Runs Dramatiq's worker beside the event loop of `eev-webhooks worker`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dramatiq import Worker
from dramatiq.broker import Broker

# How long its threads wait for a message before they check whether to stop. The broker wakes them, so this bounds how
# long a stop takes, not how late a wake-up is noticed.
WAIT_MS = 1_000
STOP_SECONDS = 5


@asynccontextmanager
async def running_worker(broker: Broker) -> AsyncIterator[None]:
    """Consume messages until the block ends. One thread runs the actors, because they only pass on what to claim."""
    # As Dramatiq's own command does: time limits start here.
    broker.emit_after("process_boot")
    worker = Worker(broker, worker_threads=1, worker_timeout=WAIT_MS)
    worker.start()
    try:
        yield
    finally:
        # A stop waits for the threads and would block the event loop.
        await asyncio.to_thread(worker.stop, timeout=STOP_SECONDS * 1_000)
