"""The deliveries that this process is sending right now, counted by workspace and webhook, and finished or let go at
the end.

The number of places bounds sockets and memory; sharing them is `admission`'s matter.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar

from app.delivery.claim import Capacity, Claimed

_Result = TypeVar("_Result")


class InFlight:
    """Runs one task a delivery and calls `freed` with the delivery whenever one ends."""

    def __init__(self, total: int, freed: Callable[[Claimed], None]) -> None:
        self._total = total
        self._freed = freed
        self._tasks: dict[asyncio.Task[Any], Claimed] = {}
        self._by_workspace: Counter[str] = Counter()
        self._by_webhook: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def capacity(self) -> Capacity:
        """The places there are, and who holds how many."""
        return Capacity(self._total, self._total - len(self._tasks), self._by_workspace, self._by_webhook)

    @property
    def delivery_ids(self) -> set[str]:
        """The deliveries that are being sent."""
        return {claimed.id for claimed in self._tasks.values()}

    def start(self, claimed: Claimed, sending: Coroutine[Any, Any, _Result]) -> "asyncio.Task[_Result]":
        """Begin to send a delivery; its place is free again when the coroutine ends."""
        # A ping is sent for a request, but its log lines belong to the delivery.
        task = asyncio.create_task(sending, context=Context())
        self._tasks[task] = claimed
        self._by_workspace[claimed.workspace_id] += 1
        self._by_webhook[claimed.webhook_id] += 1
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        claimed = self._tasks.pop(task)
        for counter, key in ((self._by_workspace, claimed.workspace_id), (self._by_webhook, claimed.webhook_id)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]
        self._freed(claimed)

    async def finish(self, within_seconds: float) -> list[Claimed]:
        """Wait for what is in flight, then cut off the rest; return the deliveries that were cut off."""
        if not self._tasks:
            return []
        _, pending = await asyncio.wait(self._tasks, timeout=within_seconds)
        cut_off = [self._tasks[task] for task in pending]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
        return cut_off
