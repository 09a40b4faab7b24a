"""A claim takes what is due and free, as much as this process has places for, and nobody gets the same twice."""

import asyncio
from pathlib import Path

import pytest

from app.access.caller import Caller
from app.access.keys import create_workspace
from app.delivery.sweep import sweep
from app.publishing.draft import EventDraft
from app.settings import load_settings
from app.statuses import Scope
from app.webhooks.drafts import WebhookDraft
from app.webhooks.register import create_webhook
from tasks.process import open_process
from tests.receiver import hang
from tests.world import PATIENCE_SECONDS, TICKET, World, open_world


async def neighbour(world: World) -> Caller:
    """A caller in another workspace of the same process."""
    async with world.resources.database.transaction() as statements:
        workspace = await create_workspace(statements, "neighbour", world.resources.clock.now())
    return Caller(workspace.id, "Eve", frozenset(Scope))


async def publish_many(world: World, caller: Caller, count: int) -> None:
    draft = WebhookDraft("Tickets", world.receiver.url("/"), ["*"])
    await create_webhook(world.resources, caller, draft)
    await world.resources.publisher.publish(caller, [EventDraft("ticket.created", TICKET)] * count, batch=True)


async def test_a_process_holds_no_more_deliveries_than_it_has_places(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, max_in_flight=4) as world:
        world.receiver.on("/", hang())
        await publish_many(world, world.caller, 6)
        await publish_many(world, await neighbour(world), 6)

        await world.receiver.received(4)
        await sweep(world.resources)
        held = await world.resources.database.fetch("SELECT id FROM delivery WHERE claimed_by IS NOT NULL")

        assert len(held) == 4


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_two_processes_that_claim_at_once_send_nothing_twice(database_url: str, tmp_path: Path) -> None:
    settings = load_settings(database_url=database_url, data_dir=tmp_path)
    async with open_world(database_url, tmp_path) as world, open_process(settings, works=True) as other:
        webhooks = [(await world.webhook(max_in_flight=100)).id for _ in range(5)]
        object.__setattr__(world.resources.publisher, "wake", lambda webhook_ids: None)
        events = [EventDraft("ticket.created", TICKET)] * 40
        await world.resources.publisher.publish(world.caller, events, batch=True)

        for _ in range(5):
            await asyncio.gather(world.resources.pipeline.attempt(webhooks), other.pipeline.attempt(webhooks))
        requests = await world.receiver.received(200)

        await asyncio.gather(*(process.pipeline.stop(PATIENCE_SECONDS) for process in (world.resources, other)))
        attempts = await world.attempts()
        assert len(requests) == len(attempts) == 200
        assert len({attempt["delivery_id"] for attempt in attempts}) == 200
