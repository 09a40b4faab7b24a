"""A success ends a webhook's run of failures, whatever the trigger of its attempt."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from app.delivery_filter import TimeRange
from app.operations.one_delivery import retry_delivery
from app.operations.replay import replay_events
from app.operations.run import run_due_operations
from app.statuses import AttemptTrigger
from app.test_requests.ping import ping_webhook
from tests.receiver import answer
from tests.world import World

# One more than the breaker's threshold, so that it is open and each of its probes fails.
FAILURES = 11
RETRY_SECONDS = 600


async def run_of_failures(world: World) -> str:
    """A webhook with attempts that failed until its breaker opened, and a receiver repaired since; returns its ID."""
    world.receiver.on("/", answer(500))
    webhook = await world.webhook(retry_delays_seconds=[RETRY_SECONDS] * FAILURES)
    await world.publish()
    for count in range(1, FAILURES + 1):
        await world.until_attempts(count)
        await world.until_status("RETRYING")
        if count < FAILURES:
            await world.advance(2 * RETRY_SECONDS)
            await world.sweep()
    (row,) = await world.rows("webhook", id=webhook.id)
    assert row["consecutive_failures"] == FAILURES
    assert row["held_until"] is not None
    world.receiver.on("/", answer(200))
    return webhook.id


async def let_hold_end(world: World) -> None:
    # the longest time that the breaker holds it back; the retry is not due yet
    await world.advance(timedelta(minutes=6))


async def first(world: World, webhook_id: str) -> None:
    await let_hold_end(world)
    await world.publish()


async def retry(world: World, webhook_id: str) -> None:
    await world.advance(2 * RETRY_SECONDS)
    await world.sweep()


async def manual(world: World, webhook_id: str) -> None:
    (delivery,) = await world.deliveries()
    await let_hold_end(world)
    await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery["id"])


async def replay(world: World, webhook_id: str) -> None:
    (delivery,) = await world.deliveries()
    await world.resources.database.execute("DELETE FROM attempt WHERE delivery_id = $1", delivery["id"])
    await world.resources.database.execute("DELETE FROM delivery WHERE id = $1", delivery["id"])
    await let_hold_end(world)
    await replay_events(world.resources, world.caller, webhook_id, TimeRange())
    await run_due_operations(world.resources, world.resources.lease)
    await world.sweep()


async def ping(world: World, webhook_id: str) -> None:
    await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook_id, None)


BY_TRIGGER: dict[AttemptTrigger, Callable[[World, str], Awaitable[None]]] = {
    AttemptTrigger.FIRST: first,
    AttemptTrigger.RETRY: retry,
    AttemptTrigger.MANUAL: manual,
    AttemptTrigger.REPLAY: replay,
    AttemptTrigger.TEST: ping,
}


@pytest.mark.parametrize("trigger", AttemptTrigger)
async def test_an_attempt_that_succeeds_ends_the_run_of_failures(world: World, trigger: AttemptTrigger) -> None:
    webhook_id = await run_of_failures(world)

    await BY_TRIGGER[trigger](world, webhook_id)
    await world.until_rows(1, "attempt", trigger=trigger, outcome="SUCCEEDED")

    (webhook,) = await world.rows("webhook", id=webhook_id)
    health = webhook["consecutive_failures"], webhook["failing_since"], webhook["held_until"]
    assert health == (0, None, None)


async def test_after_a_good_ping_the_next_event_goes_out_at_once(world: World) -> None:
    webhook_id = await run_of_failures(world)

    await ping(world, webhook_id)
    published = await world.publish()

    await world.until_rows(1, "delivery", event_id=published.row.id, status="SUCCEEDED")


async def test_after_a_good_ping_what_was_held_back_goes_out_too(world: World) -> None:
    webhook_id = await run_of_failures(world)
    held_back = await world.publish()
    (waiting,) = await world.deliveries(event_id=held_back.row.id)
    assert waiting["status"] == "PENDING"

    await ping(world, webhook_id)

    await world.until_rows(1, "delivery", event_id=held_back.row.id, status="SUCCEEDED")


async def test_a_ping_that_fails_leaves_the_run_of_failures_as_it_is(world: World) -> None:
    webhook_id = await run_of_failures(world)
    (before,) = await world.rows("webhook", id=webhook_id)
    world.receiver.on("/", answer(503))

    await ping(world, webhook_id)

    (after,) = await world.rows("webhook", id=webhook_id)
    assert after == before
