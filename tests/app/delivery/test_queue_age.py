"""How long the oldest due delivery has been waiting."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.clock import to_micros
from app.delivery.queue_age import _OLDEST_DUE, queue_age, queue_ages
from app.publishing.draft import EventDraft
from app.webhooks.lifecycle import pause_webhook
from tests.clock import FakeClock
from tests.world import TICKET, World, open_world

SECOND = 1_000_000


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[World]:
    """A process that does not deliver, so that published events stay in the queue."""
    async with open_world(database_url, tmp_path, clock=clock, works=False) as opened:
        yield opened


async def age(world: World) -> int:
    return await queue_age(world.resources.database, to_micros(world.resources.clock.now()))


async def test_an_empty_queue_has_no_age(world: World) -> None:
    await world.webhook()

    assert await age(world) == 0


async def test_the_age_is_that_of_the_oldest_delivery(world: World, clock: FakeClock) -> None:
    await world.webhook()
    await world.publish()
    clock.advance(30)
    await world.publish()
    clock.advance(10)

    assert await age(world) == 40 * SECOND


async def test_each_workspace_has_its_own_age_and_those_that_wait_longest_come_first(
    world: World, clock: FakeClock
) -> None:
    await world.webhook()
    await world.publish()
    clock.advance(30)
    other = await world.neighbour()
    await other.webhook()
    await other.publish()
    clock.advance(10)
    now = to_micros(clock.now())

    ages = await queue_ages(world.resources.database, now, 2)
    longest = await queue_ages(world.resources.database, now, 1)

    assert list(ages.items()) == [(world.caller.workspace_id, 40 * SECOND), (other.caller.workspace_id, 10 * SECOND)]
    assert list(longest) == [world.caller.workspace_id]


async def test_a_retry_ages_from_when_it_is_due(world: World, clock: FakeClock) -> None:
    await world.webhook()
    await world.publish()
    due = to_micros(clock.now()) + 300 * SECOND
    await world.resources.database.execute("UPDATE delivery SET status = 'RETRYING', next_attempt_at = $1", due)

    clock.advance(299)
    assert await age(world) == 0
    clock.advance(3)
    assert await age(world) == 2 * SECOND


async def test_what_somebody_is_sending_does_not_wait(world: World, clock: FakeClock) -> None:
    await world.webhook()
    await world.publish()
    await world.resources.database.execute("UPDATE delivery SET claimed_by = $1", world.resources.lease.worker_id)
    clock.advance(60)

    assert await age(world) == 0


async def test_a_finished_delivery_does_not_wait(world: World, clock: FakeClock) -> None:
    await world.webhook()
    await world.publish()
    await world.resources.database.execute("UPDATE delivery SET status = 'SUCCEEDED', next_attempt_at = NULL")
    clock.advance(60)

    assert await age(world) == 0


async def test_a_paused_webhooks_deliveries_are_not_due(world: World, clock: FakeClock) -> None:
    webhook = await world.webhook()
    await world.publish()
    await pause_webhook(world.resources, world.caller, webhook.id)
    clock.advance(60)

    assert await age(world) == 0


async def test_a_webhook_that_is_held_back_is_not_due_before_its_time(world: World, clock: FakeClock) -> None:
    await world.webhook()
    await world.publish()
    held_until = to_micros(clock.now()) + 60 * SECOND
    await world.resources.database.execute("UPDATE webhook SET held_until = $1", held_until)

    clock.advance(59)
    assert await age(world) == 0
    clock.advance(2)
    assert await age(world) == 61 * SECOND


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_the_look_is_one_into_an_index_however_long_the_queue_is(world: World) -> None:
    plan = await world.resources.database.fetch(f"EXPLAIN QUERY PLAN {_OLDEST_DUE}", 0, 1)

    assert any("SEARCH d USING" in step["detail"] and "delivery_due" in step["detail"] for step in plan)
    assert not any("SCAN d" in step["detail"] for step in plan)


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_postgresql_looks_at_one_delivery_for_each_webhook_and_status_however_long_the_queue_is(
    world: World, clock: FakeClock
) -> None:
    await world.webhook()
    await world.webhook()
    for _ in range(3):
        await world.resources.publisher.publish(world.caller, [EventDraft("ticket.created", TICKET)] * 500, batch=True)
    await world.resources.database.execute("ANALYZE delivery")
    statement = _OLDEST_DUE.replace("$1", str(to_micros(clock.now()))).replace("$2", "20")

    [row] = await world.resources.database.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")

    looks = [node for node in nodes(orjson.loads(row["QUERY PLAN"])[0]["Plan"]) if node.get("Alias") == "d"]
    assert looks
    for look in looks:
        assert look["Node Type"] in {"Index Scan", "Index Only Scan"}
        assert look["Index Name"] == "delivery_due"
        assert look["Actual Rows"] <= 1


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
