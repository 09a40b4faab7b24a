"""A person retries, cancels and pings."""

import asyncio

import orjson
import pytest

from app.errors import Rejected
from app.ids import WEBHOOK, new_id
from app.operations.one_delivery import cancel_delivery, retry_delivery
from app.test_requests.ping import ping_webhook
from app.webhooks.lifecycle import delete_webhook, pause_webhook
from tests.receiver import after, answer, hang, in_turn
from tests.world import World


async def test_a_failed_delivery_that_is_retried_goes_out_at_once_under_the_same_id(world: World) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(200)))
    await world.webhook(retry_delays_seconds=[])
    published = await world.publish()
    (failed,) = await world.until_status("FAILED")

    await retry_delivery(world.resources, world.resources.pipeline, world.caller, failed["id"])
    await world.until_status("SUCCEEDED")
    attempts = await world.attempts()

    assert [(attempt["number"], attempt["trigger"]) for attempt in attempts] == [(1, "FIRST"), (2, "MANUAL")]
    assert {request.header("webhook-id") for request in await world.receiver.received(2)} == {published.row.id}


async def test_a_retry_starts_the_schedule_over(world: World) -> None:
    world.receiver.on("/", answer(500))
    await world.webhook(retry_delays_seconds=[60])
    await world.publish()
    (delivery,) = await world.until_status("RETRYING")

    await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery["id"])
    await world.until_attempts(2)
    (again,) = await world.until_status("RETRYING")

    assert again["attempt_count"] == 2


async def test_a_delivery_that_is_being_sent_is_left_to_that_attempt(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer(200)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()
    (delivery,) = await world.deliveries()

    await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery["id"])
    release.set()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1


async def test_a_canceled_delivery_is_not_sent_again(world: World) -> None:
    world.receiver.on("/", answer(500))
    await world.webhook()
    await world.publish()
    (delivery,) = await world.until_status("RETRYING")

    canceled = await cancel_delivery(world.resources, world.caller, delivery["id"])
    twice = await cancel_delivery(world.resources, world.caller, delivery["id"])

    assert (canceled.status, canceled.next_attempt_at) == ("CANCELED", None)
    assert twice.completed_at == canceled.completed_at


async def test_canceling_during_an_attempt_keeps_the_attempt_and_the_cancellation(world: World) -> None:
    release = asyncio.Event()
    world.receiver.on("/", after(release, answer(200)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()
    (delivery,) = await world.deliveries()

    await cancel_delivery(world.resources, world.caller, delivery["id"])
    release.set()
    await world.until_attempts(1)

    assert [(row["status"], row["attempt_count"]) for row in await world.deliveries()] == [("CANCELED", 1)]


async def test_a_finished_delivery_cannot_be_canceled(world: World) -> None:
    await world.webhook()
    await world.publish()
    (delivery,) = await world.until_status("SUCCEEDED")

    with pytest.raises(Rejected, match="is SUCCEEDED already"):
        await cancel_delivery(world.resources, world.caller, delivery["id"])


async def test_a_delivery_of_a_deleted_webhook_cannot_be_retried(world: World) -> None:
    webhook = await world.webhook()
    await world.publish()
    (delivery,) = await world.until_status("SUCCEEDED")
    await delete_webhook(world.resources, world.caller, webhook.id)

    with pytest.raises(Rejected, match="is deleted"):
        await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery["id"])


@pytest.mark.parametrize("delivery_id", ["dlv_01kkntq2cne8ft2rg9tewwagxv", "x", ""])
async def test_an_id_that_does_not_exist_is_not_found(world: World, delivery_id: str) -> None:
    with pytest.raises(Rejected, match="No delivery has the id"):
        await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery_id)
    with pytest.raises(Rejected, match="No delivery has the id"):
        await cancel_delivery(world.resources, world.caller, delivery_id)


async def test_a_ping_is_signed_sent_and_answered_at_once_even_while_paused(world: World) -> None:
    webhook = await world.webhook()
    await pause_webhook(world.resources, world.caller, webhook.id)

    pinged = await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, None)
    (request,) = await world.receiver.received()
    (delivery,) = await world.deliveries()
    (attempt,) = await world.attempts()

    assert orjson.loads(request.body)["test"] is True
    assert (delivery["id"], delivery["status"], delivery["test"]) == (pinged.delivery_id, "SUCCEEDED", True)
    assert (attempt["id"], attempt["trigger"]) == (pinged.attempt_id, "TEST")


async def test_a_ping_that_fails_is_not_retried_and_means_nothing_to_the_webhook(world: World) -> None:
    world.receiver.on("/", hang())
    webhook = await world.webhook(timeout_seconds=1)

    await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, "conversation.closed")
    (delivery,) = await world.deliveries()
    row = await world.resources.database.fetch_one("SELECT consecutive_failures FROM webhook")

    assert (delivery["status"], delivery["last_outcome"]) == ("FAILED", "TIMEOUT")
    assert delivery["event_type"] == "conversation.closed"
    assert row == {"consecutive_failures": 0}
    with pytest.raises(Rejected, match="ping the webhook again"):
        await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery["id"])


async def test_a_ping_of_what_does_not_exist_says_so(world: World) -> None:
    webhook = await world.webhook()

    with pytest.raises(Rejected, match="No webhook has the id"):
        await ping_webhook(
            world.resources, world.resources.pipeline, world.caller, new_id(WEBHOOK, world.resources.clock.now()), None
        )
    with pytest.raises(Rejected, match=r'no event type "ticket\.eaten"'):
        await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, "ticket.eaten")
