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


class Waker:
    """Collects webhooks and sends them in messages; those that arrive while one is being sent go into the next.

    Args:
        send: sends one message; may block, and may raise.
        blocking: whether `send` talks to a network, and must therefore stay off the event loop.
    """

    def __init__(self, send: Callable[[list[str]], object], *, blocking: bool) -> None:
        self._send = send
        self._blocking = blocking
        self._waiting: dict[str, None] = {}
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
        """Wait until everything that was asked for has been sent or given up."""
        while self._sending is not None:
            await asyncio.wait([self._sending])

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
        else:
            self.failing, self.is_full = None, False
