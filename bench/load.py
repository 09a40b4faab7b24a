"""Publishes single events at a given rate, each at its time, whether or not earlier ones are answered."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.client import PUBLISH_EVENT, Client, request
from bench.installation import Installation
from bench.workload import LANES, event


@dataclass
class Published:
    """When each event was due to be published, by its ID (ns, monotonic), and how long the answers took (ms)."""

    due_at: dict[str, int] = field(default_factory=dict)
    answer_ms: list[float] = field(default_factory=list)

    def since_due(self, at: Mapping[str, int]) -> list[float]:
        """Milliseconds from when each event was due until its time in `at`, which is by event ID."""
        return [(at[event_id] - due_at) / 1e6 for event_id, due_at in self.due_at.items()]


async def publish_steadily(
    product: Installation,
    per_second: float,
    seconds: float,
    lanes: Sequence[int] = range(LANES),
    client: Client | None = None,
    *,
    chance: random.Random | None = None,
) -> Published:
    """Publish at a steady rate, the lanes in turn. A wait for a late answer counts from when the event was due (no
    coordinated omission).

    Args:
        product: the installation to call.
        per_second: how many events are due each second.
        seconds: for how long.
        lanes: the lanes in which events are published.
        client: client of the workspace to publish in; by default the installation's own.
        chance: places each event at random in its interval, instead of at the beginning. Otherwise two concurrent loads
            would coincide always, or never.

    Raises:
        Failed: the API refused.
    """
    published = Published()
    begins_at = time.monotonic_ns() + 50_000_000
    bodies = [request(PUBLISH_EVENT, {"input": event(lane)}) for lane in lanes]
    async with asyncio.TaskGroup() as tasks:
        for number in range(int(per_second * seconds)):
            moment = number + (chance.random() if chance else 0)
            due_at = begins_at + int(moment * 1_000_000_000 / per_second)
            await asyncio.sleep(max(0, due_at - time.monotonic_ns()) / 1e9)
            tasks.create_task(_publish(client or product.client, bodies[number % len(bodies)], due_at, published))
    return published


async def _publish(client: Client, body: bytes, due_at: int, published: Published) -> None:
    data = await client.send(body)
    published.answer_ms.append((time.monotonic_ns() - due_at) / 1e6)
    published.due_at[data["publishEvent"]["event"]["id"]] = due_at
