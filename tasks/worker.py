"""Runs a Dramatiq worker inside this process, on this process's event loop: in the embedded server, and in
`eev-webhooks worker`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dramatiq import Worker
from dramatiq.asyncio import set_event_loop_thread
from dramatiq.broker import Broker

from tasks.loop import RunningLoop

# How long an idle consumer waits before it asks again. Redis is polled, so this bounds how late a wake-up is noticed.
POLL_MS = 50
# The in-process broker wakes its consumer, so this bounds only how long a stop takes.
IN_PROCESS_POLL_MS = 200


@asynccontextmanager
async def running_worker(broker: Broker, *, polls: bool, threads: int) -> AsyncIterator[Worker]:
    """Consume messages in so many threads until the block ends; `polls`: the broker must be asked, it wakes nobody."""
    set_event_loop_thread(RunningLoop(asyncio.get_running_loop()))
    # An embedded worker emits no process_boot by itself, and without it time limits never fire.
    broker.emit_after("process_boot")
    worker = Worker(broker, worker_threads=threads, worker_timeout=POLL_MS if polls else IN_PROCESS_POLL_MS)
    worker.start()
    try:
        yield worker
    finally:
        # Its threads wait for actors that run on this very loop, so it stops in a thread.
        await asyncio.to_thread(worker.stop, timeout=5_000)
        set_event_loop_thread(None)
