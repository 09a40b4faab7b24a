"""A Dramatiq broker inside the server's own process, for when there is no Redis or RabbitMQ.

Bounded, and keeps nothing that failed: a message is only a wake-up, and what it was about is in the database.
Dramatiq's own `StubBroker`, made for tests, keeps every dead letter and its traceback for ever.
"""

import queue
from collections.abc import Iterable
from threading import BoundedSemaphore
from typing import Any

from dramatiq import Message, Middleware
from dramatiq.broker import Broker, Consumer, MessageProxy
from dramatiq.errors import QueueNotFound

MAX_MESSAGES = 1_000


class InProcessBroker(Broker):
    """Hands messages to a `dramatiq.Worker` of the same process, without encoding them."""

    def __init__(self, middleware: list[Middleware] | None = None, *, max_messages: int = MAX_MESSAGES) -> None:
        super().__init__(middleware)
        self._max_messages = max_messages
        self.dropped = 0

    def declare_queue(self, queue_name: str) -> None:
        """Make a queue, once. Its delay queue exists for Dramatiq's sake and stays empty: schedules live in the
        database."""
        if queue_name in self.queues:
            return
        self.emit_before("declare_queue", queue_name)
        self.queues[queue_name] = queue.Queue(self._max_messages)
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
        try:
            self.queues[message.queue_name].put_nowait(message)
        except queue.Full:
            self.dropped += 1
        self.emit_after("enqueue", message, delay)
        return message

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 30_000) -> Consumer:
        """A consumer of one queue, holding at most `prefetch` messages, that yields None after `timeout` ms without
        one."""
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)  # type: ignore[no-untyped-call]
        return _Consumer(self.queues[queue_name], prefetch, timeout / 1_000)

    def flush(self, queue_name: str) -> None:
        """Drop all messages of a queue."""
        waiting = self.queues[queue_name]
        while not waiting.empty():
            waiting.get_nowait()

    def flush_all(self) -> None:
        """Drop all messages."""
        for queue_name in self.queues:
            self.flush(queue_name)


class _Consumer(Consumer):
    def __init__(self, waiting: "queue.Queue[Message[Any]]", prefetch: int, timeout_seconds: float) -> None:
        self._waiting = waiting
        self._timeout_seconds = timeout_seconds
        self._places = BoundedSemaphore(prefetch)

    def __next__(self) -> MessageProxy | None:
        if not self._places.acquire(timeout=self._timeout_seconds):
            return None
        try:
            return MessageProxy(self._waiting.get(timeout=self._timeout_seconds))
        except queue.Empty:
            self._places.release()
            return None

    def ack(self, message: MessageProxy) -> None:  # noqa: ARG002
        self._places.release()

    def nack(self, message: MessageProxy) -> None:  # noqa: ARG002
        self._places.release()

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Messages taken but not begun at shutdown are dropped like the rest."""
