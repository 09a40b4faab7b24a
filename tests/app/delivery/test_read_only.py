"""A database that accepts no writes for a while: nothing is lost, and every request that was sent becomes an
attempt.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.database.errors import DatabaseUnavailable
from app.delivery import attempt
from app.resources import Resources
from tests.patience import PATIENCE_SECONDS
from tests.postgres_faults import read_only
from tests.receiver import after, answer
from tests.world import World, open_world

pytestmark = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database_url, tmp_path, sweep_seconds=0.1) as opened:
        yield opened


async def test_what_was_sent_while_nothing_could_be_written_is_recorded_once_it_can(
    world: World, database_url: str
) -> None:
    answered = asyncio.Event()
    world.receiver.on("/", after(answered, answer(200)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()

    async with read_only(database_url):
        answered.set()
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await world.publish()
    await world.until_status("SUCCEEDED")

    assert len(await world.attempts()) == len(world.receiver.requests) == 1
    await world.publish()  # On the connections that exist by now.
    await world.until_status("SUCCEEDED", "SUCCEEDED")


async def test_what_the_tables_refuse_for_a_while_is_recorded_once_they_take_it(world: World) -> None:
    database = world.resources.database
    answered = asyncio.Event()
    world.receiver.on("/", after(answered, answer(200)))
    await world.webhook()
    await world.publish()
    await world.receiver.received()
    await database.execute("ALTER TABLE attempt RENAME COLUMN error TO renamed")

    answered.set()
    await refused(world.resources)
    await database.execute("ALTER TABLE attempt RENAME COLUMN renamed TO error")
    await world.until_status("SUCCEEDED")

    assert len(await world.attempts()) == len(world.receiver.requests) == 1


async def test_what_they_refuse_for_good_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "REFUSED_SECONDS", 0.0)
    await world.resources.database.execute("ALTER TABLE attempt RENAME COLUMN error TO renamed")
    await world.webhook()

    await world.publish()
    await world.receiver.received()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while world.resources.pipeline.in_flight:  # noqa: ASYNC110 - turns, not time
            await asyncio.sleep(0)

    [delivery] = await world.deliveries()
    assert delivery["claimed_by"] is None
    assert (delivery["status"], delivery["attempt_count"]) == ("RETRYING", 0)


async def refused(resources: Resources) -> None:
    """Wait until the database has refused to record an attempt."""
    recorder, asked = resources.recorder, asyncio.Event()
    record = recorder._write

    async def told(batch: object) -> object:
        try:
            return await record(batch)  # type: ignore[arg-type]
        except Exception:
            asked.set()
            raise

    recorder._write = told  # type: ignore[assignment, method-assign]
    async with asyncio.timeout(PATIENCE_SECONDS):
        await asked.wait()
