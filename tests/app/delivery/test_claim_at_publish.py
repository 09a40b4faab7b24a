"""If one process publishes and delivers, publishing claims what it may, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.clock import Micros, to_micros
from app.database.errors import DatabaseUnavailable
from app.delivery.claim import Capacity
from app.delivery.claim_at_publish import ClaimAtPublish
from app.publishing.commit import NewDelivery
from app.webhooks.lifecycle import pause_webhook
from tests.clock import FakeClock
from tests.receiver import after, answer
from tests.world import World, open_world

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PLENTY = Capacity(total=100, free=100, by_workspace={}, by_webhook={})


@pytest.fixture
async def world(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, clock=clock) as opened:
        yield opened


def deaf(world: World) -> None:
    """Lose all wake-ups from now on."""
    world.resources.publisher.wake = lambda webhook_ids: None


async def chosen(world: World, count: int = 1, capacity: Capacity = PLENTY, **webhook: Any) -> int:
    """How many of these new deliveries of a webhook with these columns publishing would claim."""
    registered = await world.webhook()
    for column, value in webhook.items():
        await world.resources.database.execute(f"UPDATE webhook SET {column} = $1", value)
    new = [_delivery(world, registered.id, number) for number in range(count)]
    policy = world.resources.pipeline._policy.breaker
    claimant = ClaimAtPublish(world.resources.lease.worker_id, _now(world), capacity, policy, waiting=())
    return len(await claimant.choose(world.resources.database, new, {}))


def _delivery(world: World, webhook_id: str, number: int) -> NewDelivery:
    ids = (f"dlv_{number}", world.caller.workspace_id, f"evt_{number}", webhook_id)
    return NewDelivery(*ids, "ticket.created", _now(world), None, True)


def _now(world: World) -> Micros:
    return to_micros(world.resources.clock.now())


async def test_an_event_goes_out_without_a_wake_up(world: World) -> None:
    await world.webhook()
    deaf(world)

    await world.publish()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1


async def test_a_delivery_is_held_by_this_process_as_soon_as_it_is_there(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer()))
    await world.webhook()

    await world.publish()
    [delivery] = await world.deliveries()
    release.set()
    await world.until_status("SUCCEEDED")

    assert delivery["claimed_by"] == world.resources.lease.worker_id


async def test_what_finds_no_place_waits_for_one(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer()))
    await world.webhook(max_in_flight=1)

    for _ in range(3):
        await world.publish()
    held = [row["claimed_by"] is not None for row in await world.deliveries()]
    release.set()
    await world.until_status("SUCCEEDED", "SUCCEEDED", "SUCCEEDED")

    assert held == [True, False, False]


async def test_an_event_with_an_ordering_key_is_left_to_the_claim(world: World) -> None:
    await world.webhook()
    deaf(world)

    await world.publish(ordering_key="tkt_1")
    [delivery] = await world.deliveries()

    assert delivery["claimed_by"] is None


async def test_a_paused_webhook_is_sent_nothing(world: World) -> None:
    webhook = await world.webhook()
    await pause_webhook(world.resources, world.caller, webhook.id)

    await world.publish()
    [delivery] = await world.deliveries()

    assert delivery["claimed_by"] is None


async def test_a_webhook_that_nothing_holds_back_gets_as_much_as_it_may_have_in_flight(world: World) -> None:
    assert await chosen(world, 5, max_in_flight=3) == 3


async def test_places_that_are_taken_count(world: World) -> None:
    assert await chosen(world, 5, Capacity(total=10, free=2, by_workspace={}, by_webhook={})) == 2


@pytest.mark.parametrize(
    "webhook",
    [
        {"rate_limit_per_second": 100},
        {"held_until": 2**60},
        {"status": "PAUSED"},
        {"status": "DISABLED"},
        {"deleted_at": 1},
    ],
    ids=lambda webhook: next(iter(webhook)),
)
async def test_a_webhook_that_is_held_back_or_paced_is_left_to_the_claim(world: World, webhook: dict[str, Any]) -> None:
    assert await chosen(world, **webhook) == 0


async def test_a_webhook_that_has_been_failing_gets_one_probe(world: World) -> None:
    assert await chosen(world, 5, consecutive_failures=100) == 1


async def test_a_process_without_a_lease_claims_nothing(world: World) -> None:
    await world.resources.database.execute("UPDATE worker SET lease_until = 0")

    assert await chosen(world) == 0


async def test_what_waited_longer_is_not_overtaken(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer()))
    await world.webhook(max_in_flight=1)
    first, second = await world.publish(), await world.publish()
    await world.sweep()  # finds that more is due than there are places

    third = await world.publish()
    release.set()
    await world.until_status("SUCCEEDED", "SUCCEEDED", "SUCCEEDED")

    sent = [request.header("webhook-id") for request in world.receiver.requests]
    assert sent == [first.row.id, second.row.id, third.row.id]


async def test_a_commit_that_failed_holds_up_no_place_and_no_delivery(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.webhook(max_in_flight=1)

    def lost(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("The answer never came.")

    with monkeypatch.context() as patched:
        patched.setattr(world.resources.database, "committing", lost)
        with pytest.raises(DatabaseUnavailable):
            await world.publish()
    await world.advance(timedelta(seconds=1))
    await world.publish()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1


async def test_a_webhook_whose_older_deliveries_wait_is_left_to_the_claim(world: World) -> None:
    registered = await world.webhook()
    policy = world.resources.pipeline._policy.breaker
    waiting = {registered.id}
    claimant = ClaimAtPublish(world.resources.lease.worker_id, _now(world), PLENTY, policy, waiting)

    assert not await claimant.choose(world.resources.database, [_delivery(world, registered.id, 1)], {})


async def test_what_was_claimed_by_a_commit_without_an_answer_goes_out_once_it_is_looked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.webhook()
    committing = world.resources.database.committing

    @asynccontextmanager
    async def unanswered(work: Any, **given: Any) -> AsyncIterator[Any]:
        async with committing(work, **given) as result:
            yield result
        raise DatabaseUnavailable("The answer never came.")

    with monkeypatch.context() as patched:
        patched.setattr(world.resources.database, "committing", unanswered)
        with pytest.raises(DatabaseUnavailable):
            await world.publish()
    await world.sweep()
    await world.sweep()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1


async def test_a_transaction_that_was_refused_leaves_no_doubt(world: World) -> None:
    await world.publish()  # The cached registry is older than the webhook.
    await world.webhook()
    deaf(world)

    await world.publish()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1
