"""Runs a Dramatiq worker inside this process, on this process's event loop: in the embedded server, and in
`eev-webhooks worker`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from queue import PriorityQueue
from typing import Any

from dramatiq import Worker
from dramatiq.broker import Broker, MessageProxy
from dramatiq.worker import ConsumerThread

from tasks.in_process import InProcessBroker, InProcessWorker
from tasks.runner import Runner

# How long a consumer waits for a message before it looks whether to stop. The broker wakes it, so this is how long a
# stop takes, and not how late a wake-up is noticed.
WAIT_MS = 1_000
# How many messages RabbitMQ sends before the first of them is acknowledged.
PREFETCH = 16
STOP_SECONDS = 5.0


@asynccontextmanager
async def running_worker(broker: Broker) -> AsyncIterator[None]:
    """Consume messages until the block ends."""
    if isinstance(broker, InProcessBroker):
        worker = InProcessWorker(broker)
        worker.start()
        try:
            yield
        finally:
            await worker.stop(STOP_SECONDS)
    else:
        async with _consuming(broker):
            yield


@asynccontextmanager
async def _consuming(broker: Broker) -> AsyncIterator[None]:
    runner = Runner(broker)
    worker = ConsumingWorker(broker, asyncio.get_running_loop(), runner.begin)
    worker.start()
    try:
        yield
    finally:
        # Its consumers are waited for, which would hold up the loop.
        await asyncio.to_thread(worker.stop, timeout=int(STOP_SECONDS * 1_000))
        await runner.finish(STOP_SECONDS)


class ConsumingWorker(Worker):
    """Dramatiq's worker without threads to run actors in: its consumers hand each message to the event loop.

    With that it is acknowledged: a message is only a wake-up, and what is lost with the process is found by the sweep.
    """

    def __init__(
        self, broker: Broker, loop: asyncio.AbstractEventLoop, begin: Callable[[MessageProxy], object]
    ) -> None:
        super().__init__(broker, worker_threads=0, worker_timeout=WAIT_MS)
        self.queue_prefetch = PREFETCH
        self.work_queue = _Handover(loop, begin, self.consumers)


class _Handover(PriorityQueue[Any]):
    """Where consumers put what they have taken; nothing stays in it."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        begin: Callable[[MessageProxy], object],
        consumers: Mapping[str, ConsumerThread],
    ) -> None:
        super().__init__()
        self._loop = loop
        self._begin = begin
        self._consumers = consumers

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:  # noqa: ARG002
        """Hand a message on, in the thread of its consumer."""
        self._loop.call_soon_threadsafe(self._begin, item.message)
        self._consumers[item.message.queue_name].post_process_message(item.message)
