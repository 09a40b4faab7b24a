"""A client of the bus for tests: every wait ends, if need be with an error that says what did not arrive."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from types import TracebackType
from typing import Self

from app.clock import Micros
from app.updates import Batch, Topic, Update, Updates
from tests.patience import PATIENCE_SECONDS

# Long enough for a loaded machine; a passing test never waits for it.


def an_update(number: int, workspace_id: str = "ws_a") -> Update:
    """The update with this number; `numbers` tells a test's updates apart."""
    return Update(
        workspace_id=workspace_id,
        subject_id=f"dlv_{number}",
        at=Micros(1_790_000_000_000_000 + number),
        event_id=f"evt_{number}",
        webhook_id="wh_1",
        event_type="ticket.created",
        status="SUCCEEDED" if number % 2 else None,
        attempt_id=None,
    )


def some_updates(numbers: Iterable[int], workspace_id: str = "ws_a") -> list[Update]:
    return [an_update(number, workspace_id) for number in numbers]


def numbers(batches: Iterable[Batch]) -> list[int]:
    """Which updates are in these batches."""
    return [int(update.subject_id.removeprefix("dlv_")) for batch in batches for _, update in batch.updates]


class Follower:
    """Follows from `async with` on, and has received its first batch by then."""

    def __init__(
        self, bus: Updates, workspace_id: str = "ws_a", *, after: str | None = None, topic: Topic = Topic.DELIVERIES
    ) -> None:
        self._batches: AsyncGenerator[Batch, None] = bus.follow(topic, workspace_id, after)
        self.first: Batch

    async def __aenter__(self) -> Self:
        self.first = await self.next()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._batches.aclose()

    async def next(self) -> Batch:
        """The next batch. Raises TimeoutError if none arrives, StopAsyncIteration at the end."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await anext(self._batches)

    async def until(self, number: int) -> list[Batch]:
        """The next batches up to the one that ends with this update."""
        batches: list[Batch] = []
        while number not in numbers(batches[-1:]):
            batches.append(await self.next())
        return batches

    async def until_gap(self) -> list[Batch]:
        """The next batches up to the first with a gap."""
        batches = [await self.next()]
        while not batches[-1].gap:
            batches.append(await self.next())
        return batches
