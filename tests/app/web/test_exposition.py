"""Metrics are for this machine, or for callers with the token; they show what the process did."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from app.web.exposition import metrics_route
from tests.app.web.conftest import client_of
from tests.databases import SqliteDatabases
from tests.world import World, open_world

TOKEN = "a-token-for-prometheus"


@pytest.fixture
async def guarded(sqlite_databases: SqliteDatabases, tmp_path: Path) -> AsyncIterator[World]:
    """A process with a METRICS_TOKEN."""
    async with open_world(await sqlite_databases.create(), tmp_path, works=False, metrics_token=TOKEN) as opened:
        yield opened


async def status(world: World, address: str, **headers: str) -> int:
    async with client_of(Starlette(routes=[metrics_route(world.resources)]), address) as http:
        response = await http.get(
            "/metrics", headers={name.replace("_", "-"): value for name, value in headers.items()}
        )
    return response.status_code


async def values(world: World) -> dict[str, float]:
    async with client_of(Starlette(routes=[metrics_route(world.resources)])) as http:
        response = await http.get("/metrics")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line.rpartition(" ") for line in response.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
async def test_without_a_token_this_machine_sees_them(world: World, address: str) -> None:
    assert await status(world, address) == 200


@pytest.mark.parametrize("address", ["10.0.0.7", "2001:db8::7", "::ffff:10.0.0.7", "unknown"])
async def test_without_a_token_nobody_else_does(world: World, address: str) -> None:
    assert await status(world, address) == 403


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded"])
async def test_who_comes_through_a_proxy_on_this_machine_is_somebody_else(world: World, header: str) -> None:
    assert await status(world, "127.0.0.1", **{header: "127.0.0.1"}) == 403


async def test_with_a_token_its_holder_sees_them(guarded: World) -> None:
    assert await status(guarded, "10.0.0.7", authorization=f"Bearer {TOKEN}") == 200
    assert await status(guarded, "10.0.0.7", authorization=f"bearer  {TOKEN}") == 200


@pytest.mark.parametrize("given", ["", "Bearer", f"Basic {TOKEN}", "Bearer wrong", f"Bearer {TOKEN}x", TOKEN])
async def test_with_a_token_nobody_else_does_from_this_machine_either(guarded: World, given: str) -> None:
    assert await status(guarded, "127.0.0.1", authorization=given) == 401


async def test_a_delivered_event_is_seen_in_every_number_that_it_moves(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    async with open_world(await sqlite_databases.create(), tmp_path) as world:
        await world.webhook()
        await world.publish()
        await world.until_status("SUCCEEDED")

        found = await values(world)

    assert found["eev_webhooks_events_published_total"] == 1
    assert found["eev_webhooks_claim_batch_deliveries_sum"] == 1
    assert found['eev_webhooks_attempts_total{outcome="SUCCEEDED"}'] == 1
    assert found['eev_webhooks_deliveries_total{status="SUCCEEDED"}'] == 1
    assert found["eev_webhooks_record_batch_attempts_sum"] == 1
    assert found["eev_webhooks_first_attempt_delay_seconds_count"] == 1
    assert 0 < found["eev_webhooks_attempt_duration_seconds_sum"] < 10
    assert found["eev_webhooks_queue_age_seconds"] == 0
    assert found["eev_webhooks_broker_up"] == 1
    assert found["eev_webhooks_updates_up"] == 1
