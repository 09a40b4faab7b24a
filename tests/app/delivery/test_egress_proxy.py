"""Deliveries through a forward proxy: while it is away they wait, and no webhook is to blame."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.test_requests.try_connection import try_connection
from app.webhooks.fields import WebhookDraft
from tests.clock import FakeClock
from tests.connect_proxy import ConnectProxy
from tests.patience import PATIENCE_SECONDS
from tests.world import World, open_world


@pytest.fixture
async def proxy() -> AsyncIterator[ConnectProxy]:
    async with ConnectProxy() as proxy:
        yield proxy


@pytest.fixture
async def world(database_url: str, tmp_path: Path, proxy: ConnectProxy) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, clock=FakeClock(), egress_proxy=proxy.url()) as world:
        yield world


async def test_deliveries_leave_through_the_proxy(world: World, proxy: ConnectProxy) -> None:
    await world.webhook()

    await world.publish()
    await world.until_status("SUCCEEDED")
    (attempt,) = await world.attempts()

    assert proxy.authorities == [f"127.0.0.1:{world.receiver.port}"]
    assert attempt["remote_address"] == "127.0.0.1"


async def test_a_proxy_that_is_away_costs_no_attempt_and_no_webhook_its_good_name(
    world: World, proxy: ConnectProxy
) -> None:
    webhook = await world.webhook()
    await proxy.stop()

    await world.publish()
    await world.resources.pipeline.attempt([webhook.id])
    await world.resources.pipeline.in_flight.finish(PATIENCE_SECONDS)
    (waiting,) = await world.deliveries()
    attempts = await world.attempts()
    await webhook.refresh_from_db(using_db=world.resources.database.orm)
    await proxy.start()
    await world.advance(timedelta(seconds=5))
    await world.sweep()
    (delivery,) = await world.until_status("SUCCEEDED")

    assert (waiting["status"], waiting["attempt_count"], waiting["claimed_by"], attempts) == ("RETRYING", 0, None, [])
    assert (webhook.consecutive_failures, webhook.failing_since) == (0, None)
    assert delivery["attempt_count"] == 1
    assert [request.header("webhook-attempt") for request in world.receiver.requests] == ["1"]


async def test_a_connection_is_tried_through_the_proxy_and_says_what_is_wrong_with_it(
    world: World, proxy: ConnectProxy
) -> None:
    draft = WebhookDraft("Test", world.receiver.url(), ["ticket.*"])

    reached = await try_connection(world.resources, world.resources.sender, world.caller, draft, None)
    await proxy.stop()
    away = await try_connection(world.resources, world.resources.sender, world.caller, draft, None)

    assert reached.ok
    assert f"port {world.receiver.port} through the server's egress proxy" in reached.steps[1].detail
    assert [step.ok for step in away.steps] == [True, False]
    assert away.steps[1].detail == "The server's egress proxy cannot be connected to: connection refused."
