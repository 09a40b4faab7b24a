"""Publishes events continuously, as a careful publisher does: each with an idempotency key, repeated until a server
acknowledges it. Also pings webhooks now and then, without repetition.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.faults.client import REPEAT_SECONDS, Client, Failed
from tests.patience import PATIENCE_SECONDS

PUBLISHERS = 4
PAUSE_SECONDS = 0.06  # between two events of a publisher, on average
PING_PAUSE_SECONDS = 0.3

_PUBLISH = """
mutation($input: PublishEventInput!) {
  publishEvent(input: $input) { event { id } deliveryCount duplicate userErrors { code message } }
}
"""
_PING = "mutation($input: PingWebhookInput!) { pingWebhook(input: $input) { userErrors { code message } } }"


@dataclass(frozen=True, slots=True)
class Published:
    """An acknowledged event."""

    key: str
    event_id: str
    type: str
    deliveries: int
    acknowledged_at: float
    tries: int


@dataclass
class Load:
    """The load. While it is paused, nothing is in flight.

    Args:
        examples: the data to publish for each event type.
        usual: the event types to publish continuously.
        webhook_ids: webhooks to ping.

    Attributes:
        numbered: the number of the last idempotency key.
    """

    client: Client
    examples: Mapping[str, Any]
    usual: Sequence[str]
    webhook_ids: Sequence[str]
    random: random.Random
    published: list[Published] = field(default_factory=list)
    numbered: int = 0
    _goes_on: asyncio.Event = field(default_factory=asyncio.Event)
    _under_way: int = 0
    _quiet: asyncio.Event = field(default_factory=asyncio.Event)

    def resume(self) -> None:
        """Start or continue publishing."""
        self._goes_on.set()

    async def pause(self) -> None:
        """Start nothing more, and wait until every event that was begun is acknowledged.

        Raises:
            TimeoutError: no server accepts them.
        """
        self._goes_on.clear()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._under_way:
                self._quiet.clear()
                await self._quiet.wait()

    async def publish_one(self, kind: str | None = None) -> Published:
        """Publish one event, of any usual type by default, trying until it is acknowledged."""
        self.numbered += 1
        key = f"key-{self.numbered}"
        kind = kind or self.random.choice(self.usual)
        tries = 0
        with self._one_more_under_way():
            while True:
                tries += 1
                with contextlib.suppress(Failed):
                    return self._acknowledged(key, kind, tries, await self._try(key, kind))
                await asyncio.sleep(REPEAT_SECONDS)

    async def ping_one(self) -> None:
        """Ping a webhook; the rows show the result."""
        with self._one_more_under_way(), contextlib.suppress(Failed):
            await self.client.ask(_PING, input={"id": self.random.choice(self.webhook_ids)})

    async def go_on(self) -> None:
        """Wait while paused."""
        await self._goes_on.wait()

    @contextlib.contextmanager
    def _one_more_under_way(self) -> Iterator[None]:
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1
            self._quiet.set()

    async def _try(self, key: str, kind: str) -> dict[str, Any]:
        given = {"type": kind, "data": self.examples[kind], "idempotencyKey": key}
        payload: dict[str, Any] = (await self.client.ask(_PUBLISH, input=given))["publishEvent"]
        return payload

    def _acknowledged(self, key: str, kind: str, tries: int, payload: Mapping[str, Any]) -> Published:
        assert not payload["userErrors"], payload["userErrors"]
        published = Published(key, payload["event"]["id"], kind, payload["deliveryCount"], time.time(), tries)
        self.published.append(published)
        return published


@asynccontextmanager
async def publishing(load: Load) -> AsyncIterator[None]:
    """Publish until the block ends, except while paused."""

    async def again_and_again(do: Callable[[], Awaitable[object]], pause_seconds: float) -> None:
        while True:
            await load.go_on()
            await do()
            await asyncio.sleep(load.random.uniform(0, 2 * pause_seconds))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(again_and_again(load.publish_one, PAUSE_SECONDS)) for _ in range(PUBLISHERS)]
        tasks.append(group.create_task(again_and_again(load.ping_one, PING_PAUSE_SECONDS)))
        yield
        for task in tasks:
            task.cancel()
