"""A row that cannot be read affects only itself, and nothing else in its batch."""

import asyncio
from datetime import timedelta

import pytest

from app.delivery.unreadable import HELD_FOR, REASON
from app.encryption import NotDecrypted
from app.statuses import HealthState
from app.test_requests.ping import ping_webhook
from app.webhooks.health.fetch import Health, fetch_health
from app.webhooks.lifecycle import pause_webhook, resume_webhook
from tests.patience import PATIENCE_SECONDS
from tests.world import World

BREAK = {
    "a secret of another row": "UPDATE secret SET secret = (SELECT max(secret) FROM secret other"
    " WHERE other.webhook_id <> secret.webhook_id) WHERE webhook_id = $1",
    "a secret that is none": "UPDATE secret SET secret = 'plain' WHERE webhook_id = $1",
    "headers that are none": "UPDATE webhook SET headers = '' WHERE id = $1",
    "a credential with an unknown key": "UPDATE webhook SET authentication_kind = 'BEARER',"
    " authentication_credential = '1.0123456789abcdef.AAAA' WHERE id = $1",
    "a list that is none": "UPDATE webhook SET ip_allowlist = '[' WHERE id = $1",
}


@pytest.mark.parametrize("how", BREAK)
async def test_a_webhook_that_cannot_be_read_waits_with_a_reason_and_others_go_on(world: World, how: str) -> None:
    broken, good = await world.webhook("/broken"), await world.webhook("/good")
    await world.resources.database.execute(BREAK[how], broken.id)

    await world.publish()
    await world.publish()
    await world.receiver.received()

    async def settled() -> bool:
        rows = await world.deliveries()
        return sum(row["status"] == "SUCCEEDED" for row in rows) == 2 and not any(row["claimed_by"] for row in rows)

    await world.until(settled)
    rows = await world.rows("webhook", id=broken.id)

    assert {request.path for request in world.receiver.requests} == {"/good"}
    assert await world.attempts(webhook_id=broken.id) == []
    assert rows[0]["status_reason_code"] == "UNREADABLE_SECRETS"
    assert (rows[0]["status"], rows[0]["status_reason"], rows[0]["consecutive_failures"]) == ("ACTIVE", REASON, 0)
    assert (await world.rows("webhook", id=good.id))[0]["status_reason"] is None
    health = (await health_of(world, broken.id, good.id)).values()
    assert [(one.state, one.backlog) for one in health] == [(HealthState.FAILING, 2), (HealthState.HEALTHY, 0)]
    held = await world.rows("audit_entry", action="webhook.held")
    assert [entry["subject_id"] for entry in held] == [broken.id]


async def health_of(world: World, *webhook_ids: str) -> dict[str, Health]:
    found = await fetch_health(
        world.resources.database,
        world.caller.workspace_id,
        webhook_ids,
        now=world.resources.clock.now(),
        breaker_threshold=10,
        disable_after=timedelta(days=5),
    )
    return {webhook_id: found[webhook_id] for webhook_id in webhook_ids}


async def test_a_webhook_that_can_be_read_again_sends_what_waited_and_loses_the_reason(world: World) -> None:
    webhook = await world.webhook()
    [secret] = await world.rows("secret")
    await world.resources.database.execute("UPDATE secret SET secret = 'plain'")
    await world.publish()

    async def said() -> bool:
        rows = await world.deliveries()
        held = await world.rows("webhook", status_reason=REASON)
        return bool(held) and not any(row["claimed_by"] for row in rows)

    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await said():  # noqa: ASYNC110 - nothing about the delivery is announced
            await asyncio.sleep(0.001)
    await world.resources.database.execute("UPDATE secret SET secret = $1", secret["secret"])

    await world.advance(HELD_FOR)
    await world.sweep()
    await world.until_status("SUCCEEDED")

    [row] = await world.rows("webhook", id=webhook.id)
    assert (row["status_reason"], row["status_reason_code"]) == (None, None)
    assert len(await world.rows("audit_entry", action="webhook.released")) == 1


async def test_a_ping_of_a_webhook_that_cannot_be_read_is_refused_and_leaves_nothing(world: World) -> None:
    webhook = await world.webhook()
    await world.resources.database.execute("UPDATE secret SET secret = 'plain'")

    with pytest.raises(NotDecrypted):
        await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, None)

    assert await world.deliveries() == []


async def test_a_delivery_without_its_event_holds_up_no_other(world: World) -> None:
    webhook = await world.webhook(max_in_flight=5)
    await pause_webhook(world.resources, world.caller, webhook.id)
    lost = (await world.publish()).row.id
    await world.publish()
    await world.resources.database.execute("DELETE FROM event WHERE id = $1", lost)

    await resume_webhook(world.resources, world.caller, webhook.id)
    await world.receiver.received()

    async def sent() -> bool:
        return [row["status"] for row in await world.deliveries()] == ["RETRYING", "SUCCEEDED"]

    await world.until(sent)
