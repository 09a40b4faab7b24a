"""A transaction is committed but its answer never arrives: nothing is lost, duplicated, stuck or unannounced.

Leases last for minutes here, so that their end cannot be what restores order.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from app.database.errors import DatabaseUnavailable
from app.test_requests.ping import ping_webhook
from app.updates import Topic
from tests.patience import PATIENCE_SECONDS
from tests.postgres_proxy import PostgresProxy
from tests.receiver import answer, in_turn
from tests.world import World, open_world

pytestmark = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


@pytest.fixture
async def network(database_url: str) -> AsyncIterator[PostgresProxy]:
    async with PostgresProxy(database_url) as proxy:
        yield proxy


@pytest.fixture
async def world(network: PostgresProxy, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(network.url, tmp_path, lease_seconds=300, heartbeat_seconds=60, sweep_seconds=0.1) as opened:
        yield opened


async def test_an_event_whose_commit_was_not_answered_is_found_again_by_its_key(
    world: World, network: PostgresProxy
) -> None:
    await world.webhook()
    # The publisher's registry is up to date, so that its first statement is the one that is committed.
    await world.resources.registries.current(world.resources.database, world.caller.workspace_id)
    network.lose_commit_of("INSERT INTO event")

    with pytest.raises(DatabaseUnavailable):
        await world.publish(idempotency_key="once")
    again = await world.publish(idempotency_key="once")
    await world.until_status("SUCCEEDED")

    assert again.duplicate
    assert len(world.receiver.requests) == 1


async def test_what_was_claimed_without_an_answer_goes_out_once_and_soon(world: World, network: PostgresProxy) -> None:
    await world.webhook()
    network.lose_commit_of("UPDATE delivery SET claimed_by = $2")

    await world.publish()
    await network.lost()
    await world.receiver.received()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1


async def test_an_attempt_recorded_without_an_answer_is_counted_once_and_announced(
    world: World, network: PostgresProxy
) -> None:
    await world.webhook()
    network.lose_commit_of("INSERT INTO attempt")
    follow = world.resources.updates.follow(Topic.DELIVERIES, world.caller.workspace_id)

    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(follow) as batches:
        await anext(batches)
        await world.publish()
        await network.lost()
        async for batch in batches:
            if "SUCCEEDED" in {update.status for _, update in batch.updates}:
                break
    (delivery,) = await world.deliveries()

    assert delivery["attempt_count"] == 1
    assert len(await world.attempts()) == 1
    assert len(world.receiver.requests) == 1


async def test_a_failure_recorded_without_an_answer_counts_once_for_its_webhook(
    world: World, network: PostgresProxy
) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(200)))
    webhook = await world.webhook(retry_delays_seconds=[600])
    network.lose_commit_of("INSERT INTO attempt")

    await world.publish()
    await network.lost()
    await world.until_status("RETRYING")
    await webhook.refresh_from_db(using_db=world.resources.database.orm)

    assert webhook.consecutive_failures == 1


async def test_a_ping_that_was_committed_without_an_answer_is_not_held_forever(
    world: World, network: PostgresProxy
) -> None:
    webhook = await world.webhook()
    network.lose_commit_of("INSERT INTO event")

    with pytest.raises(DatabaseUnavailable):
        await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, None)
    await world.receiver.received()
    await world.until_status("SUCCEEDED")

    assert len(world.receiver.requests) == 1
