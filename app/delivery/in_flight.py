"""The deliveries that this process is sending right now, counted by workspace and webhook, and finished or given up
when the process stops.

The number of places bounds sockets and memory; `admission` shares them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar

from app.delivery.claim import Capacity, Claimed

_Result = TypeVar("_Result")


class InFlight:
    """Runs one task per delivery and calls `freed` with the delivery whenever one ends."""

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
        """All places, and who holds how many."""
        return Capacity(self._total, self._total - len(self._tasks), self._by_workspace, self._by_webhook)

    @property
    def delivery_ids(self) -> set[str]:
        """The deliveries that are being sent."""
        return {claimed.id for claimed in self._tasks.values()}

    def start(self, claimed: Claimed, sending: Coroutine[Any, Any, _Result]) -> "asyncio.Task[_Result]":
        """Start sending a delivery; its place is free again when the coroutine ends."""
        # A request may wait for a ping, but the log lines of the sending belong to the delivery.
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
        """Wait for deliveries in flight, cancel those that remain after the time, and return the canceled ones."""
        if not self._tasks:
            return []
        _, pending = await asyncio.wait(self._tasks, timeout=within_seconds)
        cut_off = [self._tasks[task] for task in pending]
        for task in pending:
            task.cancel()
        if pending:
            await asyncio.wait(pending)
        return cut_off
