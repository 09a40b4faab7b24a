"""A Dramatiq broker inside the server's own process, for when there is no Redis or RabbitMQ, and its worker.

Bounded, and keeps nothing that failed: a message is only a wake-up, and what it was about is in the database.
Dramatiq's own `StubBroker`, made for tests, keeps every dead letter and its traceback for ever.
"""

from collections import deque
from typing import Any

from dramatiq import Message, Middleware
from dramatiq.broker import Broker, MessageProxy
from dramatiq.errors import QueueNotFound

from tasks.runner import Runner

MAX_MESSAGES = 1_000


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
    """Runs each message's actor on this event loop."""

    def __init__(self, broker: InProcessBroker) -> None:
        self._broker = broker
        self._runner = Runner(broker)

    @property
    def busy(self) -> int:
        """How many messages are being worked on."""
        return self._runner.busy

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
                self._runner.begin(MessageProxy(waiting.popleft()))

    async def stop(self, timeout_seconds: float) -> None:
        """Take nothing more; finish what has begun, or cut it off after so long."""
        self._broker.emit_before("worker_shutdown", self)
        self._broker.worker = None
        await self._runner.finish(timeout_seconds)
        self._broker.emit_after("worker_shutdown", self)
