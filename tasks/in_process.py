"""A Dramatiq broker inside the server's own process, for when there is no Redis or RabbitMQ, and its worker.

Bounded, and keeps nothing that failed: a message is only a wake-up, and what it was about is in the database.
Dramatiq's own `StubBroker`, made for tests, keeps every dead letter and its traceback for ever; its `Worker` runs in
threads, and three of them would pass a wake-up on, each waiting its turn, before the server's loop had it back.
"""

import asyncio
import inspect
from collections import deque
from contextvars import Context
from typing import Any

import structlog
from dramatiq import Message, Middleware
from dramatiq.broker import Broker, MessageProxy
from dramatiq.errors import QueueNotFound
from dramatiq.middleware import SkipMessage

log = structlog.get_logger()

MAX_MESSAGES = 1_000


class LoopTimeLimit(Middleware):
    """How long an actor may take, in milliseconds; Dramatiq's own raises its exception in a thread, which would be the
    server's."""

    def __init__(self, time_limit: int) -> None:
        self.time_limit = time_limit

    @property
    def actor_options(self) -> set[str]:
        """The options that this adds to actors."""
        return {"time_limit"}


class InProcessBroker(Broker):
    """Hands messages to an `InProcessWorker` of the same process, without encoding them. For the event loop only."""

    def __init__(self, middleware: list[Middleware] | None = None, *, max_messages: int = MAX_MESSAGES) -> None:
        super().__init__(middleware)
        self._max_messages = max_messages
        self.worker: InProcessWorker | None = None
        self.dropped = 0

    def declare_queue(self, queue_name: str) -> None:
        """Make a queue, once. There is none for delayed messages: schedules live in the database."""
        if queue_name in self.queues:
            return
        self.emit_before("declare_queue", queue_name)
        self.queues[queue_name] = deque()
        self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: "Message[Any]", *, delay: int | None = None) -> "Message[Any]":
        """Put a message in its queue; a full queue drops it, for the sweep finds what it was about.

        Raises:
            QueueNotFound: the queue was never declared.
            ValueError: a delay was asked for.
        """
        if delay is not None:
            raise ValueError("The in-process broker takes no delays: schedules live in the database.")
        if message.queue_name not in self.queues:
            raise QueueNotFound(message.queue_name)  # type: ignore[no-untyped-call]
        self.emit_before("enqueue", message, delay)
        waiting = self.queues[message.queue_name]
        if len(waiting) + (self.worker.busy if self.worker else 0) < self._max_messages:
            waiting.append(message)
        else:
            self.dropped += 1
        if self.worker is not None:
            self.worker.look()
        self.emit_after("enqueue", message, delay)
        return message

    def flush(self, queue_name: str) -> None:
        """Drop all messages of a queue."""
        self.queues[queue_name].clear()

    def flush_all(self) -> None:
        """Drop all messages."""
        for waiting in self.queues.values():
            waiting.clear()


class InProcessWorker:
    """Runs each message's actor as a task of this event loop. The actors are coroutine functions."""

    def __init__(self, broker: InProcessBroker) -> None:
        self._broker = broker
        self._running: set[asyncio.Task[None]] = set()
        self._time_limit = next((m.time_limit for m in broker.middleware if isinstance(m, LoopTimeLimit)), None)

    @property
    def busy(self) -> int:
        """How many messages are being worked on."""
        return len(self._running)

    def start(self) -> None:
        """Take what waits, and from now on what comes."""
        self._broker.emit_before("worker_boot", self)
        self._broker.worker = self
        self.look()
        self._broker.emit_after("worker_boot", self)

    def look(self) -> None:
        """Begin with every message that waits."""
        for waiting in self._broker.queues.values():
            while waiting:
                # In a context of its own: a message does not belong to the request that sent it.
                task = asyncio.create_task(self._process(MessageProxy(waiting.popleft())), context=Context())
                self._running.add(task)
                task.add_done_callback(self._running.discard)

    async def stop(self, timeout_seconds: float) -> None:
        """Take nothing more; finish what has begun, or cut it off after so long."""
        self._broker.emit_before("worker_shutdown", self)
        self._broker.worker = None
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=timeout_seconds)
            for task in late:
                task.cancel()
        self._broker.emit_after("worker_shutdown", self)

    async def _process(self, message: MessageProxy) -> None:
        try:
            self._broker.emit_before("process_message", message)
            await self._run(message)
        except SkipMessage:
            self._broker.emit_after("skip_message", message)
        except Exception as error:
            log.exception("wake_up.broken", actor=message.actor_name)
            self._broker.emit_after("process_message", message, exception=error)
        else:
            self._broker.emit_after("process_message", message, result=None)

    async def _run(self, message: MessageProxy) -> None:
        actor = self._broker.get_actor(message.actor_name)
        limit = actor.options.get("time_limit", self._time_limit)
        async with asyncio.timeout(limit and limit / 1_000):
            # Dramatiq has wrapped it to be called in a thread and to wait there for the loop.
            await inspect.unwrap(actor.fn)(*message.args, **message.kwargs)
