"""Wakes workers: sends webhooks with due deliveries through the broker, without ever holding up a publisher.

A wake-up may be lost (the broker is down, the process is killed): the sweep of any worker finds the rows within about a
second.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextvars import Context

import structlog

from app.redis_full import is_full

log = structlog.get_logger()

# Small enough that several worker processes share the deliveries of one big publish.
WEBHOOKS_PER_MESSAGE = 25
MAX_WAITING = 10_000
# How long after a failed message it is sent again. Its deliveries are found meanwhile, but only a message shows that
# the broker is back, and a process may have no other for hours.
AGAIN_SECONDS = 1.0


class Waker:
    """Collects webhooks and sends them in messages; those that arrive while one is being sent go into the next.

    Args:
        send: sends one message; may block, and may raise.
        blocking: whether `send` talks to a network, and must therefore stay off the event loop.
        again_seconds: how long after a failed message it is sent again.
    """

    def __init__(
        self, send: Callable[[list[str]], object], *, blocking: bool, again_seconds: float = AGAIN_SECONDS
    ) -> None:
        self._send = send
        self._blocking = blocking
        self._waiting: dict[str, None] = {}
        self._again_seconds = again_seconds
        self._again: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self.failing: str | None = None
        # Whether sending fails because the broker, a Redis, has no memory left.
        self.is_full = False

    def wake(self, webhook_ids: Iterable[str]) -> None:
        """Have workers look at these webhooks soon. Never blocks, never raises; drops what exceeds the bound."""
        if len(self._waiting) < MAX_WAITING:
            self._waiting |= dict.fromkeys(webhook_ids)
        if self._waiting and self._sending is None:
            self._sending = asyncio.create_task(self._send_waiting(), context=Context())

    async def drained(self) -> None:
        """Wait until everything that was asked for has been sent or given up, and send nothing again."""
        while self._sending is not None:
            await asyncio.wait([self._sending])
        if self._again is not None:
            self._again.cancel()
            self._again = None

    async def _send_waiting(self) -> None:
        try:
            while self._waiting:
                webhook_ids = list(self._waiting)[:WEBHOOKS_PER_MESSAGE]
                for webhook_id in webhook_ids:
                    del self._waiting[webhook_id]
                await self._send_one(webhook_ids)
        finally:
            self._sending = None

    async def _send_one(self, webhook_ids: list[str]) -> None:
        try:
            if self._blocking:
                await asyncio.to_thread(self._send, webhook_ids)
            else:
                self._send(webhook_ids)
        except Exception as error:  # noqa: BLE001 — whatever a broker raises, publishing goes on
            if self.failing is None:
                log.warning(
                    "wake_up.failed", error=str(error), hint="The sweep delivers meanwhile, within about a second."
                )
            self.is_full = is_full(error)
            self.failing = f"The broker {'is full' if self.is_full else 'does not answer'}: {error}."
            if self._again is None:
                self._again = asyncio.get_running_loop().call_later(self._again_seconds, self._send_again, webhook_ids)
        else:
            self.failing, self.is_full = None, False

    def _send_again(self, webhook_ids: list[str]) -> None:
        self._again = None
        self.wake(webhook_ids)
