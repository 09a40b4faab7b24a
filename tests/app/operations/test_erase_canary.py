"""A canary that was published, delivered, answered and erased is found nowhere: in no row, file, stream or log."""

import asyncio
from pathlib import Path

import pytest

from app.data_conditions import DataCondition
from app.operations.erase import Asked, erase_data
from app.operations.run import run_due_operations
from tests.canary import CANARY, ECHO, echo, in_files, in_redis, in_rows, ticket
from tests.receiver import after, answer, in_turn
from tests.world import World, open_world

# Some fit into a page of SQLite, others go on in further pages.
PADDINGS = (10, 3_000, 9_000)
ROUNDS = 6


async def erase(world: World) -> None:
    asked = Asked(data=[DataCondition("ticket.subject", CANARY)])
    await erase_data(world.resources, world.caller, asked)
    await run_due_operations(world.resources, world.resources.lease)
    [operation] = await world.rows("operation")
    assert operation["status"] == "COMPLETED"


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
        there = await in_rows(world.resources.database)

        await erase(world)

        assert there == ["attempt", "delivery", "event"]
        assert await in_rows(world.resources.database) == []
        assert in_redis(redis_url) == []
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
        assert await in_rows(world.resources.database) == []


async def test_an_erasure_and_attempts_that_end_at_the_same_time_leave_nothing(
    database_url: str, tmp_path: Path
) -> None:
    """The recorder and the erasure wait for each other's rows in any order, and whichever is later empties."""
    async with open_world(database_url, tmp_path) as world:
        answered = asyncio.Event()
        for path in ("/one", "/other"):
            world.receiver.on(path, after(answered, echo(200)))
            await world.webhook(path)
        for number in range(1, ROUNDS + 1):
            events = [await world.publish(data=ticket(padding=PADDINGS[number % 3])) for _ in range(5)]
            await world.receiver.received(10 * number)
            asked = Asked(event_ids=[event.row.id for event in events])
            await erase_data(world.resources, world.caller, asked)

            answered.set()
            await run_due_operations(world.resources, world.resources.lease)
            await world.until_rows(10 * number, "attempt")
            answered.clear()

            assert await in_rows(world.resources.database) == []
        assert {row["status"] for row in await world.rows("operation")} == {"COMPLETED"}
        assert all(row["erased_at"] for row in await world.deliveries())
