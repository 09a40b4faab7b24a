"""Every setting of a webhook that shapes a request has an effect that its receiver sees."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.clock import from_micros, to_micros
from app.signing import verify
from app.statuses import SignatureScheme
from app.webhooks.fields import WebhookChanges
from app.webhooks.lifecycle import update_webhook
from app.webhooks.live_secrets import live_secrets
from app.webhooks.rotation import rotate_due_secrets
from app.webhooks.secrets import reveal_secret
from tests.certificates import server_context
from tests.clock import FakeClock
from tests.receiver import Receiver, answer, drip, head
from tests.world import World, open_world


@pytest.fixture
async def in_real_time(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path) as world:
        yield world


async def test_the_timeout_is_for_the_whole_answer(in_real_time: World) -> None:
    in_real_time.receiver.on("/", drip(head(200, [("content-length", "1000")]) + b"." * 1_000, interval_seconds=0.02))
    await in_real_time.webhook(timeout_seconds=1)

    await in_real_time.publish()
    await in_real_time.until_status("RETRYING")

    (attempt,) = await in_real_time.attempts()
    assert attempt["outcome"] == "TIMEOUT"
    assert attempt["duration_us"] > 950_000


async def test_a_certificate_is_verified_unless_the_webhook_says_otherwise(world: World) -> None:
    async with Receiver(tls=server_context()) as receiver:
        webhook = await world.webhook(url=receiver.url(), retry_delays_seconds=[])
        await world.publish()
        await world.until_status("FAILED")
        unverified = WebhookChanges(verify_ssl=False)
        await update_webhook(world.resources, world.caller, webhook.id, unverified)

        await world.publish()
        await world.until_status("FAILED", "SUCCEEDED")

    assert [attempt["outcome"] for attempt in await world.attempts()] == ["TLS_ERROR", "SUCCEEDED"]


async def test_retries_follow_the_webhooks_own_schedule(world: World, clock: FakeClock) -> None:
    world.receiver.on("/", answer(500))
    await world.webhook(retry_delays_seconds=[77])

    await world.publish()
    (delivery,) = await world.until_status("RETRYING")

    waits = (from_micros(delivery["next_attempt_at"]) - clock.now()).total_seconds()
    assert 77 <= waits <= 77 * 1.1


async def test_no_more_requests_begin_in_a_second_than_the_rate_allows(in_real_time: World) -> None:
    await in_real_time.webhook(rate_limit_per_second=10)
    began = to_micros(in_real_time.resources.clock.now())

    for _ in range(6):
        await in_real_time.publish()
    await in_real_time.until_status(*["SUCCEEDED"] * 6)

    # Half a second after the first, which began later than the test.
    assert max(attempt["started_at"] for attempt in await in_real_time.attempts()) - began > 450_000


async def test_a_request_is_signed_with_the_webhooks_scheme(world: World, clock: FakeClock) -> None:
    webhook = await world.webhook(signature_scheme=SignatureScheme.ED25519)
    live = await live_secrets(world.resources.database, [webhook.id], clock.now())
    [secret] = live[webhook.id]

    await world.publish()
    (request,) = await world.receiver.received()

    assert secret.public_key is not None
    assert (request.header("webhook-signature") or "").startswith("v1a,")
    verify(secret.public_key, dict(request.headers), request.body, now=clock.now())


async def test_a_secret_that_was_rotated_by_itself_signs_the_next_request(world: World, clock: FakeClock) -> None:
    webhook = await world.webhook(rotate_secret_every_days=7)
    await world.publish()  # the sender has cached the first secret now
    await world.receiver.received()
    await world.advance(7 * 86_400)

    await rotate_due_secrets(world.resources)
    await world.publish()
    (_, request) = await world.receiver.received(2)

    secret = await reveal_secret(world.resources, world.caller, webhook.id)
    assert len((request.header("webhook-signature") or "").split()) == 2
    verify(secret, dict(request.headers), request.body, now=clock.now())
