"""Operations in a whole process: the test only does what a person would, and the receiver sees the outcome."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.delivery_filter import DeliveryFilter, TimeRange
from app.operations.bulk import retry_deliveries
from app.operations.replay import replay_events
from tests.receiver import answer
from tests.world import World, open_world


@pytest.fixture
async def world(database_url: str, broker_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, broker_url=broker_url) as opened:
        yield opened


async def test_what_failed_is_sent_again_to_a_receiver_that_has_recovered(world: World) -> None:
    world.receiver.on("/", answer(500))
    webhook = await world.webhook(retry_delays_seconds=[])
    for _ in range(3):
        await world.publish()
    await world.until_status("FAILED", "FAILED", "FAILED")
    world.receiver.on("/", answer(200))

    matched = await retry_deliveries(world.resources, world.caller, DeliveryFilter(webhook_id=webhook.id))
    await world.until_status("SUCCEEDED", "SUCCEEDED", "SUCCEEDED")
    attempts = await world.attempts()

    assert matched.matched == 3
    assert sorted((attempt["number"], attempt["trigger"]) for attempt in attempts) == [
        *[(1, "FIRST")] * 3,
        *[(2, "MANUAL")] * 3,
    ]


async def test_a_new_webhook_is_sent_what_happened_before_it(world: World) -> None:
    published = [(await world.publish()).row.id for _ in range(4)]
    webhook = await world.webhook(max_in_flight=1)

    await replay_events(world.resources, world.caller, webhook.id, TimeRange())
    await world.until_status(*["SUCCEEDED"] * 4)

    assert [request.header("webhook-id") for request in await world.receiver.received(4)] == published
    assert {attempt["trigger"] for attempt in await world.attempts()} == {"REPLAY"}
