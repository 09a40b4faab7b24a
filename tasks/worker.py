"""Runs a Dramatiq worker inside this process, on this process's event loop: in the embedded server, and in
`eev-webhooks worker`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dramatiq import Worker
from dramatiq.asyncio import set_event_loop_thread
from dramatiq.broker import Broker

from tasks.in_process import InProcessBroker, InProcessWorker
from tasks.loop import RunningLoop

# How long consumers and threads wait for a message before they look whether to stop. Brokers wake them, so this is how
# long a stop takes, and not how late a wake-up is noticed.
WAIT_MS = 500
STOP_SECONDS = 5.0


@asynccontextmanager
async def running_worker(broker: Broker, *, threads: int) -> AsyncIterator[None]:
    """Consume messages until the block ends: those of a broker elsewhere in so many threads, those of this process on
    its loop."""
    if isinstance(broker, InProcessBroker):
        worker = InProcessWorker(broker)
        worker.start()
        try:
            yield
        finally:
            await worker.stop(STOP_SECONDS)
    else:
        async with running_threads(broker, threads):
            yield


@asynccontextmanager
async def running_threads(broker: Broker, threads: int) -> AsyncIterator[Worker]:
    """Run Dramatiq's own worker, whose threads hand actors to this event loop."""
    set_event_loop_thread(RunningLoop(asyncio.get_running_loop()))
    # An embedded worker emits no process_boot by itself, and without it time limits never fire.
    broker.emit_after("process_boot")
    worker = Worker(broker, worker_threads=threads, worker_timeout=WAIT_MS)
    worker.start()
    try:
        yield worker
    finally:
        # Its threads wait for actors that run on this very loop, so it stops in a thread.
        await asyncio.to_thread(worker.stop, timeout=int(STOP_SECONDS * 1_000))
        set_event_loop_thread(None)
