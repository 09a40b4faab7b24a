"""Ordering keys: deliveries of one webhook with the same key are sent one after another, until ordering is given up."""

import asyncio
import random
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from app.operations.one_delivery import cancel_delivery
from app.publishing.draft import EventDraft
from app.resources import open_resources
from app.webhooks.lifecycle import pause_webhook, resume_webhook
from tests.clock import FakeClock
from tests.receiver import Behaviour, Received, Wire, answer
from tests.world import TICKET, World, open_world


def failing_for(event_id: str) -> Behaviour:
    """Refuse one event at every attempt."""

    async def behave(received: Received, wire: Wire) -> None:
        await answer(500 if received.header("webhook-id") == event_id else 200)(received, wire)

    return behave


async def two_events_of_which_the_first_fails(world: World) -> list[str]:
    """Their IDs. The first waits to be retried, the second for the first."""
    world.receiver.on("/", answer(500))
    events = [await world.publish(ordering_key="tkt_1") for _ in range(2)]
    ids: list[str] = [event.row.id for event in events]
    await world.until_status("RETRYING", "PENDING")
    world.receiver.on("/", failing_for(ids[0]))
    return ids


async def test_what_comes_later_waits_while_an_earlier_one_is_retried_until_order_gives_way(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with open_world(database_url, tmp_path, clock=clock, ordering_gives_way_seconds=60) as world:
        await world.webhook(retry_delays_seconds=[10] * 20)
        await two_events_of_which_the_first_fails(world)

        for attempts in (2, 3, 4, 5, 6):
            await world.advance(11)
            await world.sweep()
            await world.until_attempts(attempts)
        before = await world.until_status("RETRYING", "PENDING")
        await world.advance(11)
        await world.sweep()
        after = await world.until_status("RETRYING", "SUCCEEDED")

    assert [row["attempt_count"] for row in before] == [6, 0]
    assert after[1]["attempt_count"] == 1


async def test_an_earlier_one_that_failed_for_good_holds_up_no_more(world: World) -> None:
    await world.webhook(retry_delays_seconds=[10])
    await two_events_of_which_the_first_fails(world)

    await world.advance(11)
    await world.sweep()

    await world.until_status("FAILED", "SUCCEEDED")


async def test_an_earlier_one_that_was_canceled_holds_up_no_more(world: World) -> None:
    await world.webhook(retry_delays_seconds=[10])
    await two_events_of_which_the_first_fails(world)

    [first, _] = await world.deliveries()
    await cancel_delivery(world.resources, world.caller, first["id"])
    await world.sweep()

    await world.until_status("CANCELED", "SUCCEEDED")


async def test_one_webhook_does_not_wait_for_another(world: World) -> None:
    await world.webhook("/failing")
    await world.webhook("/well")
    world.receiver.on("/failing", answer(500))

    for _ in range(3):
        await world.publish(ordering_key="tkt_1")

    async def all_there_are() -> bool:
        return len(await world.deliveries(status="SUCCEEDED")) == 3

    await world.until(all_there_are)
    assert {row["attempt_count"] for row in await world.deliveries(status="PENDING")} == {0}


class Slow:
    """A slow receiver that refuses some requests, and notes what it accepted for each ticket and how many ran
    concurrently.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._under_way: dict[str, int] = defaultdict(int)
        self.most_at_once = 0
        self.taken: dict[str, list[str]] = defaultdict(list)

    async def __call__(self, received: Received, wire: Wire) -> None:
        ticket = orjson.loads(received.body)["data"]["ticket"]["id"]
        self._under_way[ticket] += 1
        self.most_at_once = max(self.most_at_once, self._under_way[ticket])
        await asyncio.sleep(0.005)
        self._under_way[ticket] -= 1
        refuses = self._chance.random() < 0.3
        if not refuses:
            self.taken[ticket].append(received.header("webhook-id") or "")
        await answer(500 if refuses else 200)(received, wire)


@pytest.mark.parametrize("seed", range(2))
async def test_whatever_fails_each_key_arrives_in_the_order_published_one_at_a_time(world: World, seed: int) -> None:
    receiver = Slow(seed)
    world.receiver.on("/", receiver)
    await world.webhook(retry_delays_seconds=[1] * 20, max_in_flight=50)
    tickets = [f"tkt_{number % 3}" for number in range(18)]
    drafts = [
        EventDraft("ticket.created", {"ticket": TICKET["ticket"] | {"id": ticket}}, ordering_key=ticket)
        for ticket in tickets
    ]
    committed = await world.resources.publisher.publish(world.caller, drafts, batch=True)

    async def all_there_are() -> bool:
        await world.advance(300)
        await world.sweep()
        return len(await world.deliveries(status="SUCCEEDED")) == 18

    await world.until(all_there_are)
    published: dict[str, list[str]] = defaultdict(list)
    for ticket, event in zip(tickets, committed.events, strict=True):
        published[ticket].append(event.row.id)
    assert receiver.taken == published
    assert receiver.most_at_once == 1


async def test_each_key_arrives_in_the_order_published_by_servers_whose_clocks_differ(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    # Regression: IDs from a server with a clock that is ahead sort after all others, whichever server publishes first.
    async with open_world(database_url, tmp_path, clock=clock) as world:
        behind = FakeClock(clock.now() - timedelta(seconds=0.3))
        async with open_resources(world.resources.settings, send_wake_up=lambda _: None, clock=behind) as other:
            webhook = await world.webhook(max_in_flight=50)
            await pause_webhook(world.resources, world.caller, webhook.id)
            published = []
            for number in range(12):
                server = (world.resources, other)[number % 2]
                draft = EventDraft("ticket.created", TICKET, ordering_key="tkt_1")
                committed = await server.publisher.publish(world.caller, [draft], batch=False)
                published.append(committed.events[0].row.id)
            await resume_webhook(world.resources, world.caller, webhook.id)

            requests = await world.receiver.received(12)

    assert [request.header("webhook-id") for request in requests] == published
    assert published != sorted(published)
