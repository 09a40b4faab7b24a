"""A delivery of a DISABLED webhook is tried once: a success counts, a failure leaves everything as it was."""

import asyncio

import pytest

from app.database.database import Row
from app.operations.one_delivery import retry_delivery
from app.operations.single_try import try_once
from app.signing import verify
from app.webhooks.lifecycle import resume_webhook
from app.webhooks.secrets import reveal_secret, rotate_secret
from tests.patience import PATIENCE_SECONDS
from tests.receiver import after, answer, in_turn
from tests.world import World


async def disabled(world: World, *answers: int) -> tuple[str, list[Row]]:
    """A webhook that was disabled by a 410 with a delivery that failed and one that waits, before these answers."""
    world.receiver.on("/", in_turn(answer(500), answer(410), *map(answer, answers)))
    webhook = await world.webhook(retry_delays_seconds=[3_600, 7_200])
    await world.publish()
    await world.until_status("RETRYING")
    await world.publish()
    return webhook.id, await world.until_status("RETRYING", "FAILED")


async def retry(world: World, delivery: Row) -> Row:
    await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery["id"])
    [row] = await world.deliveries(id=delivery["id"])
    return row


async def webhook_row(world: World) -> Row:
    [row] = await world.rows("webhook")
    return row


@pytest.mark.parametrize("which", [0, 1], ids=["waiting", "failed"])
async def test_a_failure_leaves_the_delivery_and_the_webhook_as_they_were(world: World, which: int) -> None:
    _, deliveries = await disabled(world, 500)
    before = await webhook_row(world)

    row = await retry(world, deliveries[which])

    unchanged = ("status", "next_attempt_at", "retries_used", "claimed_by")
    assert [row[name] for name in unchanged] == [deliveries[which][name] for name in unchanged]
    assert (row["attempt_count"], row["last_response_status"]) == (deliveries[which]["attempt_count"] + 1, 500)
    assert await webhook_row(world) == before
    assert [attempt["trigger"] for attempt in await world.attempts(delivery_id=row["id"])] == ["FIRST", "MANUAL"]


@pytest.mark.parametrize("which", [0, 1], ids=["waiting", "failed"])
async def test_a_success_counts_and_ends_the_run_of_failures_but_the_webhook_stays_disabled(
    world: World, which: int
) -> None:
    _, deliveries = await disabled(world, 200)

    row = await retry(world, deliveries[which])

    webhook = await webhook_row(world)
    assert (row["status"], row["claimed_by"], row["next_attempt_at"]) == ("SUCCEEDED", None, None)
    assert (webhook["status"], webhook["consecutive_failures"], webhook["failing_since"]) == ("DISABLED", 0, None)


async def test_after_it_the_waiting_delivery_goes_out_when_the_webhook_is_resumed(world: World) -> None:
    webhook_id, deliveries = await disabled(world, 503, 200)
    await retry(world, deliveries[0])

    await resume_webhook(world.resources, world.caller, webhook_id)
    await world.advance(4_000)
    await world.sweep()

    await world.until_status("SUCCEEDED", "FAILED")


async def test_what_is_erased_before_it_is_claimed_is_not_sent(world: World) -> None:
    _, deliveries = await disabled(world, 200)
    await world.resources.database.execute("UPDATE delivery SET erased_at = 1 WHERE id = $1", deliveries[1]["id"])

    await try_once(world.resources, world.resources.pipeline, world.caller, deliveries[1])

    assert len(world.receiver.requests) == 2
    assert len(await world.attempts(delivery_id=deliveries[1]["id"])) == 1


async def test_it_is_signed_with_the_current_secret(world: World) -> None:
    webhook_id, deliveries = await disabled(world, 200)
    await rotate_secret(world.resources, world.caller, webhook_id, None, 0)

    await retry(world, deliveries[1])

    secret = await reveal_secret(world.resources, world.caller, webhook_id)
    request = world.receiver.requests[-1]
    verify(secret, dict(request.headers), request.body, world.resources.clock.now())  # raises if it does not
    assert request.header("webhook-sequence") == "2"


async def test_two_people_who_try_at_once_send_it_once(world: World) -> None:
    release = asyncio.Event()
    _, deliveries = await disabled(world)
    world.receiver.on("/", after(release, answer()))

    first = asyncio.create_task(retry(world, deliveries[1]))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await world.receiver.received(3)
        await retry(world, deliveries[1])
        release.set()
        row = await first

    assert (row["status"], row["attempt_count"]) == ("SUCCEEDED", 2)
    assert len(world.receiver.requests) == 3


async def test_it_is_in_the_audit_log(world: World) -> None:
    _, deliveries = await disabled(world, 200)

    await retry(world, deliveries[1])

    entries = await world.rows("audit_entry", action="delivery.tried")
    assert [entry["subject_id"] for entry in entries] == [deliveries[1]["id"]]
