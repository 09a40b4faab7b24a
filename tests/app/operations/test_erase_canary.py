"""A canary that was published, delivered, answered and erased is found nowhere: in no row, file, stream or log."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import redis

from app.data_conditions import DataCondition
from app.operations.erase import Asked, erase_data
from app.operations.run import run_due_operations
from tests.app.operations.test_erase import CANARY
from tests.receiver import Behaviour, Received, Wire, after, answer, in_turn
from tests.world import TICKET, World, open_world

ECHO = [("x-echo", CANARY)]
# Some fit into a page of SQLite, others go on in further pages.
PADDINGS = (10, 3_000, 9_000)


def ticket(subject: str, padding: int = 10) -> dict[str, Any]:
    return {"ticket": TICKET["ticket"] | {"subject": subject, "description": f"{subject} " * (padding // len(subject))}}


def echo(status: int) -> Behaviour:
    """A receiver that repeats the canary if it was sent one."""

    async def behave(received: Received, wire: Wire) -> None:
        sent = CANARY.encode() in received.body
        await (answer(status, ECHO, received.body) if sent else answer(status))(received, wire)

    return behave


async def erase(world: World) -> None:
    asked = Asked(data=[DataCondition("ticket.subject", CANARY)])
    await erase_data(world.resources, world.caller, asked)
    await run_due_operations(world.resources, world.resources.lease)
    [operation] = await world.rows("operation")
    assert operation["status"] == "COMPLETED"


async def in_rows(world: World) -> list[str]:
    """The tables with rows that hold the canary."""
    database = world.resources.database
    statement = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        if database.dialect == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    )
    tables = [row["name"] for row in await database.fetch(statement)]
    return [table for table in tables if CANARY in str(await database.fetch(f"SELECT * FROM {table}"))]


def in_files(url: str) -> list[str]:
    """The files of an SQLite database that hold the canary."""
    file = Path(url.removeprefix("sqlite://"))
    files = [path for path in file.parent.glob(f"{file.name}*") if CANARY.encode() in path.read_bytes()]
    return sorted(path.name.removeprefix(file.name) for path in files)


def in_redis(url: str) -> list[bytes]:
    """The keys of a Redis database that hold the canary."""
    with redis.Redis.from_url(url) as client:
        return [key for key in client.scan_iter() if CANARY.encode() in (client.dump(key) or b"")]


async def test_it_is_found_nowhere(
    database_url: str, redis_url: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_world(database_url, tmp_path, updates_url=redis_url) as world:
        world.receiver.on("/well", echo(200))
        world.receiver.on("/ill", echo(500))
        await world.webhook("/well")
        await world.webhook("/ill")
        for number in range(9):
            subject = CANARY if number % 2 else f"other {number}"
            keys = {"idempotency_key": f"{subject} {number}", "ordering_key": f"{subject} {number}"}
            await world.publish(data=ticket(subject, PADDINGS[number % 3]), **keys)
        await world.until_attempts(18)
        there = await in_rows(world)

        await erase(world)

        assert sorted(there) == ["attempt", "delivery", "event"]
        assert await in_rows(world) == []
        assert in_redis(redis_url) == []
        if database_url.startswith("sqlite"):
            assert in_files(database_url) == []
    assert CANARY not in "".join(capfd.readouterr())


async def test_what_was_on_its_way_leaves_no_answer(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path) as world:
        answered = asyncio.Event()
        world.receiver.on("/", in_turn(after(answered, answer(500, ECHO, CANARY.encode())), answer(200)))
        await world.webhook()
        await world.publish(data=ticket(CANARY))
        await world.receiver.received(1)

        await erase(world)
        answered.set()
        [attempt] = await world.until_attempts(1)

        [delivery] = await world.deliveries()
        assert (delivery["status"], delivery["attempt_count"], attempt["response_status"]) == ("CANCELED", 1, 500)
        assert await in_rows(world) == []
