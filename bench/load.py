"""Publishes single events at a given rate, each when its time has come, whether or not earlier ones are answered."""

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
    """When each event was due to be published, by its id (ns, monotonic), and how long the answers took (ms)."""

    due_at: dict[str, int] = field(default_factory=dict)
    answer_ms: list[float] = field(default_factory=list)

    def since_due(self, at: Mapping[str, int]) -> list[float]:
        """Milliseconds from when each event was due until something that `at` tells of by the event's id."""
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
        product: whose API is called.
        per_second: how many events are due each second.
        seconds: for how long.
        lanes: the lanes that events are published in.
        client: whose workspace they belong to; the installation's own, where left out.
        chance: puts each event anywhere in the time that the rate gives it, instead of at its beginning. Two loads at
            once would else fall on the same moments for ever, or never.

    Raises:
        Failed: the API said no.
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
