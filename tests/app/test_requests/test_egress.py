"""EGRESS_ADDRESSES: every request to a receiver leaves from there."""

from pathlib import Path

from app.test_requests.ping import ping_webhook
from app.test_requests.try_connection import try_connection
from app.webhooks.fields import WebhookDraft
from tests.world import open_world

EGRESS = "127.0.0.5"


async def test_deliveries_pings_and_tries_leave_from_the_address_that_is_set(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, egress_addresses=EGRESS) as world:
        webhook = await world.webhook()

        await world.publish()
        await world.until_status("SUCCEEDED")
        await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, None)
        draft = WebhookDraft(name="Try", url=world.receiver.url(), event_types=["ticket.*"])
        await try_connection(world.resources, world.resources.sender, world.caller, draft, None)

        peers = [request.peer for request in await world.receiver.received(3)]

    assert peers == [EGRESS] * 3


async def test_without_the_setting_the_system_chooses(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path) as world:
        await world.webhook()
        await world.publish()

        (request,) = await world.receiver.received()

    assert request.peer == "127.0.0.1"
