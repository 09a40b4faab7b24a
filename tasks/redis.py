"""A Dramatiq broker over Redis lists. Its workers block in Redis instead of polling.

A message is only a wake-up, consumed at most once and not acknowledged: the sweep finds what was lost with a worker.
Dramatiq's own Redis broker tracks messages that were taken and are not done. That costs a script for every step, and
its consumers have to poll (see docs/adr/0011-wake-ups-are-taken-for-good.md).
"""

from collections.abc import Iterable
from threading import Semaphore
from typing import Any, cast

from dramatiq import Message, Middleware
from dramatiq.broker import Broker, Consumer, MessageProxy
from dramatiq.errors import ConnectionClosed, QueueNotFound
from redis import Redis
from redis.exceptions import RedisError

PREFIX = "eev-webhooks:wake-ups:"
# Some 10 MB. The sweep of the first worker to start finds the deliveries of dropped messages.
MAX_MESSAGES = 10_000


class RedisBroker(Broker):
    """Appends messages to a list for each queue.

    Args:
        client: used by several threads; its reads may last as long as consumers wait.
    """

    def __init__(self, client: Redis, middleware: list[Middleware]) -> None:
        super().__init__(middleware)
        self.client = client

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue by its name."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: "Message[Any]", *, delay: int | None = None) -> "Message[Any]":
        """Append a message to its queue; if there are too many, the oldest are dropped.

        Raises:
            ValueError: a delay was asked for.
            redis.exceptions.RedisError: Redis does not answer.
        """
        if delay is not None:
            raise ValueError("The Redis broker takes no delays: schedules live in the database.")
        self.emit_before("enqueue", message, delay)
        self.put(message)
        self.emit_after("enqueue", message, delay)
        return message

    def put(self, message: "Message[Any] | MessageProxy") -> None:
        """Append a message to its queue without calling the middleware."""
        key = PREFIX + message.queue_name
        if self.client.rpush(key, message.encode()) > MAX_MESSAGES:
            self.client.ltrim(key, -MAX_MESSAGES, -1)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5_000) -> Consumer:
        """A consumer of one queue that holds at most `prefetch` messages, and yields None after `timeout` ms without
        one.
        """
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)  # type: ignore[no-untyped-call]
        return _Consumer(self, queue_name, prefetch, timeout / 1_000)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


class _Consumer(Consumer):
    def __init__(self, broker: RedisBroker, queue_name: str, prefetch: int, timeout_seconds: float) -> None:
        self._broker = broker
        self._key = PREFIX + queue_name
        self._timeout_seconds = timeout_seconds
        self._places = Semaphore(prefetch)
        self._held: set[str] = set()

    def __next__(self) -> MessageProxy | None:
        if not self._places.acquire(timeout=self._timeout_seconds):
            return None
        message = None
        try:
            message = self._take()
        finally:
            if message is None:
                self._places.release()
        return message

    def _take(self) -> MessageProxy | None:
        try:
            found = cast("tuple[bytes, bytes] | None", self._broker.client.blpop([self._key], self._timeout_seconds))
        except RedisError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        if found is None:
            return None
        message = Message.decode(found[1])
        self._held.add(message.message_id)
        return MessageProxy(message)

    def ack(self, message: MessageProxy) -> None:
        """Free the place of a message, unless another consumer took it before the connection was lost."""
        if message.message_id in self._held:
            self._held.discard(message.message_id)
            self._places.release()

    nack = ack

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        """Give back messages that were taken but not begun when the worker stops."""
        try:
            for message in messages:
                self._broker.put(message)
        except RedisError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
