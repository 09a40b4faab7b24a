"""A process that answers is alive; one that can accept events is ready, and faults are named with their reasons."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis as RedisClient
from starlette.applications import Starlette

from app.database import probe
from app.web.health import Health
from tests.clock import FakeClock
from tests.connect_proxy import ConnectProxy
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.postgres_faults import read_only
from tests.services import Postgres, Redis
from tests.sqlite_faults import no_room_for_commits
from tests.world import World, open_world

WELL = {"status": "ok"}


async def ask(world: World, path: str = "/health/ready", *, works: bool = True) -> httpx.Response:
    """Ask a new health check: nothing is cached."""
    health = Health(world.resources, works=works)
    transport = httpx.ASGITransport(Starlette(routes=health.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.get(path)


async def checks(world: World, *, works: bool = True) -> dict[str, Any]:
    answer: dict[str, Any] = (await ask(world, works=works)).json()
    return dict(answer["checks"])


async def test_a_process_that_answers_is_alive(world: World) -> None:
    answer = await ask(world, "/health/live")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_server_that_is_well_is_ready(world: World) -> None:
    answer = await ask(world)

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "checks": {"database": WELL, "migrations": WELL, "broker": WELL, "updates": WELL, "sweep": WELL, "clock": WELL},
    }


async def test_without_its_egress_proxy_the_server_is_degraded_and_names_no_host(
    database_url: str, tmp_path: Path
) -> None:
    async with ConnectProxy() as proxy, open_world(database_url, tmp_path, egress_proxy=proxy.url("me:pw")) as world:
        before = await checks(world)
        await proxy.stop()
        after = await ask(world)
        await proxy.start()

    assert before["egress"] == WELL
    assert (after.status_code, after.json()["status"]) == (200, "degraded")
    assert after.json()["checks"]["egress"]["reason"] == "The egress proxy does not answer; deliveries wait for it."


async def test_without_its_tables_the_server_is_not_ready(world: World) -> None:
    await world.resources.database.execute("DELETE FROM tortoise_migrations WHERE name LIKE '0002%'")

    answer = await ask(world)

    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert "eev-webhooks migrate" in answer.json()["checks"]["migrations"]["reason"]


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A separate PostgreSQL for this test, which kills it."""
    with Postgres() as server:
        yield server


async def test_without_its_database_the_server_is_not_ready_until_it_is_back(
    postgres: Postgres, tmp_path: Path
) -> None:
    database_url = await PostgresDatabases(postgres).create()
    async with open_world(database_url, tmp_path, shutdown_seconds=0) as world:
        assert (await ask(world)).status_code == 200

        postgres.kill()
        down = await ask(world)
        postgres.start()
        up = await ask(world)

    assert (down.status_code, down.json()["status"]) == (503, "unavailable")
    assert down.json()["checks"]["database"] == {"status": "degraded", "reason": "The database does not answer."}
    assert str(postgres.port) not in down.text
    assert (up.status_code, up.json()["checks"]["database"]) == (200, WELL)


NO_WRITES = {"status": "degraded", "reason": "The database takes no writes: it is read-only, or its disk is full."}


async def test_a_database_that_can_only_be_read_is_not_ready_until_it_can_be_written_to(
    postgres: Postgres, tmp_path: Path
) -> None:
    database_url = await PostgresDatabases(postgres).create()
    async with open_world(database_url, tmp_path, works=False) as world:
        async with read_only(database_url):
            await ask(world, works=False)  # The first use of a session that was just closed gets the error.
            full = await ask(world, works=False)
        writable = await ask(world, works=False)

    assert (full.status_code, full.json()["checks"]["database"]) == (503, NO_WRITES)
    assert (writable.status_code, writable.json()["checks"]["database"]) == (200, WELL)


async def test_a_full_disk_is_not_ready(
    sqlite_databases: SqliteDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "_BYTES", 8 * 1024 * 1024)  # The limit here applies to each file, and the log is longer.
    async with open_world(await sqlite_databases.create(), tmp_path) as world:
        with no_room_for_commits(world.resources.database):
            full = await ask(world)
        room = await ask(world)

    assert (full.status_code, full.json()["checks"]["database"]) == (503, NO_WRITES)
    assert room.status_code == 200


@pytest.fixture
def redis() -> Iterator[Redis]:
    """A separate Redis for this test, which kills it."""
    with Redis() as server:
        yield server


async def test_without_its_broker_the_server_is_degraded_but_takes_events(
    redis: Redis, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    database_url = await sqlite_databases.create()
    async with open_world(database_url, tmp_path, broker_url=redis.url, works=False) as world:
        assert (await checks(world, works=False))["broker"] == WELL

        redis.kill()
        down = await ask(world, works=False)
        redis.start()
        up = await checks(world, works=False)

    assert (down.status_code, down.json()["status"]) == (200, "degraded")
    assert "the sweep finds what is due" in down.json()["checks"]["broker"]["reason"]
    assert up["broker"] == WELL


async def test_a_redis_that_is_full_is_reported_as_full(
    redis: Redis, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    database_url = await sqlite_databases.create()
    async with open_world(database_url, tmp_path, broker_url=redis.url, works=False) as world:
        async with RedisClient.from_url(redis.url) as client:
            await client.config_set("maxmemory", 1)
        world.resources.waker.wake(["wh_1"])
        await world.resources.waker.drained()
        full = await checks(world, works=False)

    assert "The broker is full" in full["broker"]["reason"]


async def test_a_wake_up_that_did_not_get_through_is_reported(world: World) -> None:
    world.resources.waker.failing = "The broker does not answer: no route to 10.0.0.7."

    broker = (await checks(world))["broker"]

    assert broker["status"] == "degraded"
    assert "10.0.0.7" not in broker["reason"]


@pytest.fixture
async def idle(sqlite_databases: SqliteDatabases, tmp_path: Path, clock: FakeClock) -> AsyncIterator[World]:
    """A process that neither delivers nor sweeps, with a separate clock."""
    async with open_world(await sqlite_databases.create(), tmp_path, clock=clock, works=False) as opened:
        yield opened


async def test_a_sweep_that_no_longer_comes_is_reported(idle: World, clock: FakeClock) -> None:
    health = Health(idle.resources, works=True)
    idle.resources.metrics.swept(clock.now())

    clock.advance(15)
    in_time = await health.report()
    clock.advance(2)
    overdue = await health.report()

    assert in_time.parts["sweep"] is None
    assert overdue.parts["sweep"] == "There was no sweep for 17 s."
    assert overdue.status == "degraded"


async def test_a_process_that_has_just_begun_need_not_have_swept(idle: World, clock: FakeClock) -> None:
    health = Health(idle.resources, works=True)

    clock.advance(10)
    early = await health.report()
    clock.advance(10)
    late = await health.report()

    assert early.status == "ok"
    assert late.parts["sweep"] == "There was no sweep for 20 s."


async def test_a_server_whose_workers_are_gone_tells_how_long_deliveries_have_been_due(
    idle: World, clock: FakeClock
) -> None:
    health = Health(idle.resources, works=False)
    await idle.webhook()
    await idle.publish()

    clock.advance(30)
    busy = await health.report()
    clock.advance(60)
    abandoned = await health.report()

    assert busy.status == "ok"
    assert abandoned.parts["sweep"] == "A delivery has been due for more than 60 s; is a worker running?"
    assert abandoned.status == "degraded"


async def test_the_parts_are_looked_at_once_a_second_however_often_it_is_asked(idle: World, clock: FakeClock) -> None:
    health = Health(idle.resources, works=False)

    first = await health.report()
    again = await health.report()
    clock.advance(1)
    later = await health.report()

    assert again is first
    assert later is not first
