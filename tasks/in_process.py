"""A Dramatiq broker for the embedded server: it runs a message's actor where the message is enqueued.

It has no queue that could overflow or keep failed messages: `app.waker` collects the webhooks to wake, and bounds them.
Dramatiq's own `StubBroker`, made for tests, keeps every dead letter and its traceback.
"""

from typing import Any

import structlog
from dramatiq import Message
from dramatiq.broker import Broker, MessageProxy
from dramatiq.errors import QueueNotFound

log = structlog.get_logger()


class InProcessBroker(Broker):
    """Runs actors on the event loop, so they must not block."""

    def declare_queue(self, queue_name: str) -> None:
        """Declare a queue by its name."""
        if queue_name not in self.queues:
            self.emit_before("declare_queue", queue_name)
            self.queues[queue_name] = None
            self.emit_after("declare_queue", queue_name)

    def enqueue(self, message: "Message[Any]", *, delay: int | None = None) -> "Message[Any]":
        """Run the actor of a message. If the actor raises, the error is logged and passed to the middleware.

        Raises:
            QueueNotFound: the queue is not declared.
            ValueError: a delay is given.
        """
        if delay is not None:
            raise ValueError("The in-process broker takes no delays: schedules live in the database.")
        if message.queue_name not in self.queues:
            raise QueueNotFound(message.queue_name)  # type: ignore[no-untyped-call]
        self.emit_before("enqueue", message, delay)
        self.emit_after("enqueue", message, delay)
        proxy = MessageProxy(message)
        self.emit_before("process_message", proxy)
        try:
            result = self.get_actor(message.actor_name)(*message.args, **message.kwargs)
        except Exception as error:
            log.exception("wake_up.broken", actor=message.actor_name)
            self.emit_after("process_message", proxy, exception=error)
        else:
            self.emit_after("process_message", proxy, result=result)
        return message
