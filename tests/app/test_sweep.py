"""The sweep finds deliveries without a wake-up; claims of a dead worker are sent again, and it cannot overwrite
them.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from app.clock import to_micros
from app.database.database import Database
from app.delivery.lease import Lease
from app.sweep import _LOOK, sweep
from app.updates import Topic
from tests.app.delivery.calm import FEW, fall_behind_after_a_calm_time, most_looked_at
from tests.graph.full_tables import Explaining
from tests.patience import PATIENCE_SECONDS
from tests.receiver import after, answer
from tests.world import World


@asynccontextmanager
async def held_by_another(world: World) -> AsyncIterator[str]:
    """A delivery that a second process claimed and never mentions again; yields that process's ID."""
    database = world.resources.database
    other = Lease(database, world.resources.clock, world.resources.lease._length)
    await other.begin()
    await database.execute("UPDATE delivery SET claimed_by = $1", other.worker_id)
    yield other.worker_id


async def lost_wake_up(world: World) -> None:
    """Publish without a wake-up, as if the broker were away. Publishing never claims a delivery with an ordering
    key.
    """
    waker = world.resources.waker
    wake, waker.wake = waker.wake, lambda webhook_ids: None  # type: ignore[method-assign]
    object.__setattr__(world.resources.publisher, "wake", waker.wake)
    await world.publish(ordering_key="tkt_1")
    object.__setattr__(world.resources.publisher, "wake", wake)
    waker.wake = wake  # type: ignore[method-assign]


async def test_a_lost_wake_up_is_made_up_for_by_the_sweep(world: World) -> None:
    await world.webhook()
    await lost_wake_up(world)

    assert await world.sweep() == 1

    await world.until_status("SUCCEEDED")


async def test_a_wake_up_that_comes_twice_sends_once(world: World) -> None:
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("SUCCEEDED")

    await world.resources.pipeline.attempt([webhook.id])
    await world.resources.pipeline.attempt([webhook.id])

    assert len(world.receiver.requests) == 1


async def test_what_a_live_worker_holds_is_left_to_it(world: World) -> None:
    await world.webhook()
    await lost_wake_up(world)

    async with held_by_another(world):
        assert await world.sweep() == 0


async def test_what_a_dead_worker_held_goes_out_again_when_its_lease_has_ended(world: World) -> None:
    await world.webhook()
    await lost_wake_up(world)
    async with held_by_another(world):
        await world.advance(world.resources.settings.lease_seconds + 0.1)

        await world.sweep()

        await world.until_status("SUCCEEDED")
    workers = await world.resources.database.fetch("SELECT id FROM worker")
    assert [worker["id"] for worker in workers] == [world.resources.lease.worker_id]


async def test_a_worker_stopped_past_its_lease_does_not_overwrite_what_its_successor_recorded(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer(500)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()
    database = world.resources.database
    # During the request, its lease is taken to have ended, and a successor delivers.
    await database.execute(
        "UPDATE delivery SET claimed_by = NULL, status = 'SUCCEEDED', attempt_count = 1, next_attempt_at = NULL"
    )

    release.set()
    await world.until_attempts(1)
    (delivery,) = await world.deliveries()

    assert delivery["status"] == "SUCCEEDED"
    assert delivery["attempt_count"] == 2  # The attempt happened, and is counted.


async def test_a_late_attempt_announces_how_the_delivery_stands(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer(500)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()
    await world.resources.database.execute("UPDATE delivery SET claimed_by = NULL, status = 'SUCCEEDED'")
    follow = world.resources.updates.follow(Topic.DELIVERIES, world.caller.workspace_id)

    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(follow) as batches:
        await anext(batches)
        release.set()
        batch = await anext(batches)

    assert [update.status for _, update in batch.updates] == ["SUCCEEDED"]


async def test_a_process_whose_lease_was_taken_away_claims_nothing_under_the_dead_id(world: World) -> None:
    webhook = await world.webhook()
    await lost_wake_up(world)
    lease = world.resources.lease
    dead = lease.worker_id
    await world.resources.database.execute("DELETE FROM worker WHERE id = $1", dead)

    await world.resources.pipeline.attempt([webhook.id])
    assert not world.resources.pipeline.in_flight
    assert not await lease.renew()
    await world.sweep()

    await world.until_status("SUCCEEDED")
    assert lease.worker_id != dead


async def test_a_process_whose_lease_has_ended_claims_nothing_before_it_is_renewed(world: World) -> None:
    webhook = await world.webhook()
    await lost_wake_up(world)
    world.resources.clock.advance(60)  # type: ignore[attr-defined]

    await world.resources.pipeline.attempt([webhook.id])
    assert not world.resources.pipeline.in_flight
    assert await world.resources.lease.renew()
    await world.sweep()

    await world.until_status("SUCCEEDED")


async def test_a_process_that_was_frozen_alone_sends_nothing_twice(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer(200)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()
    world.resources.clock.advance(60)  # type: ignore[attr-defined]

    await world.sweep()
    release.set()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1


async def test_a_process_that_was_away_itself_gives_the_others_time_to_come_back(world: World) -> None:
    await world.webhook()
    await lost_wake_up(world)
    lease = world.resources.lease
    async with held_by_another(world):
        world.resources.clock.advance(60)  # type: ignore[attr-defined]
        lease._renewed_at -= 60  # As if no heartbeat had been possible for a minute.

        await world.sweep()
        assert await lease.renew()
        await world.sweep()
        assert world.receiver.requests == []
        lease._judges_from -= 60
        await world.sweep()

        await world.until_status("SUCCEEDED")


async def test_what_a_dead_worker_recorded_last_is_announced_again(world: World) -> None:
    await world.webhook()
    await world.publish()
    (delivery,) = await world.until_status("SUCCEEDED")
    other = Lease(world.resources.database, world.resources.clock, world.resources.lease._length)
    await other.begin()
    await world.resources.database.execute("UPDATE attempt SET worker_id = $1", other.worker_id)
    follow = world.resources.updates.follow(Topic.DELIVERIES, world.caller.workspace_id)

    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(follow) as batches:
        await anext(batches)
        await world.advance(world.resources.settings.lease_seconds + 0.1)
        await world.sweep()
        batch = await anext(batches)

    assert [(update.subject_id, update.status) for _, update in batch.updates] == [(delivery["id"], "SUCCEEDED")]


async def test_the_lease_is_moved_on_by_the_heartbeat(world: World) -> None:
    before = await _lease_until(world.resources.database)
    await world.advance(2)

    assert await _lease_until(world.resources.database) - before == 2_000_000
    assert await _lease_until(world.resources.database) > to_micros(world.resources.clock.now())


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_sweep_is_a_heartbeat_too(world: World) -> None:
    resources = world.resources
    before = await _lease_until(resources.database)
    resources.clock.advance(2)  # type: ignore[attr-defined]

    await sweep(
        resources, resources.pipeline, resources.lease, resources.metrics.swept, timekeeper=resources.timekeeper
    )

    assert await _lease_until(resources.database) - before == 2_000_000


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_sweep_leaves_a_lease_that_was_taken_away_to_the_heartbeat(world: World) -> None:
    resources = world.resources
    await resources.database.execute("DELETE FROM worker")
    resources.lease._renewed_at -= 60

    await sweep(
        resources, resources.pipeline, resources.lease, resources.metrics.swept, timekeeper=resources.timekeeper
    )

    assert not resources.lease.lasts(0)


async def _lease_until(database: Database) -> int:
    row = await database.fetch_one("SELECT lease_until FROM worker")
    assert row is not None
    return int(row["lease_until"])


@pytest.mark.parametrize(("due", "found"), [(1, 20), (1_000, 0)])
@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_sweep_looks_at_little_whatever_statistics_say(database_url: str, due: int, found: int) -> None:
    # Regression: as with claims, statistics from a calm time made PostgreSQL scan the whole backlog.
    async with Database(database_url) as database:
        await fall_behind_after_a_calm_time(database, due=due)
        explaining = Explaining(database)

        assert len(await explaining.fetch(_LOOK, 100, "wrk")) == found
        assert most_looked_at(explaining.plans[0]) <= FEW
