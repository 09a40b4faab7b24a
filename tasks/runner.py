"""Runs the actors of Dramatiq's messages as tasks of the event loop on which the rest of the process lives.

Dramatiq runs them in threads of its own, which would pass each wake-up on to the loop and wait there for its turn.
"""

import asyncio
import inspect
from contextvars import Context

import structlog
from dramatiq import Middleware
from dramatiq.broker import Broker, MessageProxy
from dramatiq.middleware import SkipMessage

log = structlog.get_logger()


class LoopTimeLimit(Middleware):
    """How long an actor may take, in milliseconds; Dramatiq's own raises its exception in a thread, which would be the
    server's."""

    def __init__(self, time_limit: int) -> None:
        self.time_limit = time_limit

    @property
    def actor_options(self) -> set[str]:
        """The options that this adds to actors."""
        return {"time_limit"}


class Runner:
    """Runs each message's actor as a task of this event loop. The actors are coroutine functions."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._running: set[asyncio.Task[None]] = set()
        self._time_limit = next((m.time_limit for m in broker.middleware if isinstance(m, LoopTimeLimit)), None)

    @property
    def busy(self) -> int:
        """How many messages are being worked on."""
        return len(self._running)

    def begin(self, message: MessageProxy) -> None:
        """Run a message's actor; whatever becomes of it is told to the middleware and the log."""
        # In a context of its own: a message does not belong to the request that sent it.
        task = asyncio.create_task(self._process(message), context=Context())
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def finish(self, timeout_seconds: float) -> None:
        """Wait for what has begun, and cut it off after so long."""
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=timeout_seconds)
            for task in late:
                task.cancel()

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
