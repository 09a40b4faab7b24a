"""One clock judges leases and due times, and a step of it delays nothing."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.clock import SteadyClock, from_micros, to_micros
from app.database.database import Database
from app.delivery.timekeeper import DOUBTED_FOR, Timekeeper
from app.stats.periods import close_periods
from app.web.health import Health
from tasks.periodic import chores
from tests.app.test_sweep import lost_wake_up
from tests.clock import START, FakeMachine
from tests.receiver import Receiver, answer, in_turn
from tests.world import World, open_world

HOUR = timedelta(hours=1)


@pytest.fixture
def machine() -> FakeMachine:
    return FakeMachine()


@pytest.fixture
async def world(database_url: str, tmp_path: Path, machine: FakeMachine) -> AsyncIterator[World]:
    """A process on a machine with this clock."""
    async with open_world(database_url, tmp_path, clock=SteadyClock(machine, machine.monotonic), works=False) as opened:
        yield opened


async def noticed(world: World) -> None:
    """Do what the heartbeat and the sweep do."""
    await world.resources.timekeeper.look()
    await world.resources.lease.renew()
    await world.resources.timekeeper.mend()


def test_a_steady_clock_goes_on_whatever_its_machine_is_set_to(machine: FakeMachine) -> None:
    clock = SteadyClock(machine, machine.monotonic)

    machine.pass_(5)
    machine.advance(-3_600)
    machine.pass_(1)

    assert clock.now() == START + timedelta(seconds=6)


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_process_goes_by_the_clock_of_the_database_and_knows_how_far_its_own_is_off(
    database_url: str, tmp_path: Path
) -> None:
    async with open_world(database_url, tmp_path, works=False) as right:
        now = right.resources.clock.now()
        machine = FakeMachine(now + timedelta(seconds=30))
        async with open_world(
            database_url, tmp_path, clock=SteadyClock(machine, machine.monotonic), works=False, key=right.key
        ) as world:
            assert abs(world.resources.clock.now() - right.resources.clock.now()) < timedelta(seconds=10)
            assert timedelta(seconds=20) < world.resources.timekeeper.skew <= timedelta(seconds=30.1)
            report = await Health(world.resources, works=False).report()

    assert report.status == "degraded"
    assert report.parts["clock"] is not None
    assert "ahead of the database's" in report.parts["clock"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", [-HOUR, HOUR])
async def test_a_retry_does_not_wait_for_a_clock_that_was_set_back(
    world: World, machine: FakeMachine, step: timedelta
) -> None:
    world.receiver.on("/", in_turn(answer(500), answer()))
    await world.webhook(retry_delays_seconds=[10])
    await lost_wake_up(world)
    await world.sweep()
    await world.until_status("RETRYING")

    machine.advance(step)
    await noticed(world)
    machine.pass_(12)
    await noticed(world)
    await world.sweep()

    await world.until_status("SUCCEEDED")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_message_to_a_contact_does_not_wait_for_a_clock_that_was_set_back(
    world: World, machine: FakeMachine
) -> None:
    now = to_micros(world.resources.clock.now())
    later, hour = now + 10_000_000, int(HOUR / timedelta(microseconds=1))
    await world.resources.database.execute(
        "INSERT INTO contact_message (id, workspace_id, contact_id, webhook_id, attempt_count, next_attempt_at,"
        " last_ended_at) VALUES ('c.w', 'ws', 'c', 'w', 0, $1, $2)",
        later,
        now,
    )

    machine.advance(-HOUR)
    await noticed(world)
    [message] = await world.rows("contact_message")

    assert abs(message["next_attempt_at"] - (later - hour)) < 1_000_000
    assert abs(message["last_ended_at"] - (now - hour)) < 1_000_000


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_clock_that_was_set_forward_deletes_nothing_for_a_day(world: World, machine: FakeMachine) -> None:
    await world.webhook()
    await lost_wake_up(world)
    await world.sweep()
    await world.until_status("SUCCEEDED")
    resources = world.resources
    [prune] = [chore.do for chore in chores(resources, works=True) if chore.name == "retention"]

    async def events_after_pruning() -> int:
        await close_periods(resources.database, resources.clock)
        await prune()
        return len(await world.rows("event"))

    machine.advance(timedelta(days=40))
    await noticed(world)
    at_once = await events_after_pruning()
    machine.pass_(DOUBTED_FOR.total_seconds())
    await noticed(world)
    a_day_later = await events_after_pruning()

    assert (at_once, a_day_later) == (1, 0)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("steps", [[0.5 * HOUR, -0.5 * HOUR], [-HOUR], [timedelta(seconds=20)]])
async def test_a_clock_that_is_not_far_ahead_deletes_as_usual(
    world: World, machine: FakeMachine, steps: list[timedelta]
) -> None:
    for step in steps:
        machine.advance(step)
        await noticed(world)

    assert world.resources.timekeeper.may_forget


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("killed", [True, False])
async def test_a_retry_does_not_wait_for_a_clock_that_was_set_back_before_the_process_ended(
    database_url: str, tmp_path: Path, machine: FakeMachine, killed: bool
) -> None:
    async with Receiver() as receiver:
        receiver.on("/", in_turn(answer(500), answer()))
        clock = SteadyClock(machine, machine.monotonic)
        async with open_world(database_url, tmp_path, clock=clock, works=False, receiver=receiver) as world:
            await world.webhook(retry_delays_seconds=[10])
            await lost_wake_up(world)
            await world.sweep()
            await world.until_status("RETRYING")
            left = await world.rows("worker")
            if not killed:
                machine.advance(-HOUR)
        if killed:
            machine.advance(-HOUR)
        clock = SteadyClock(machine, machine.monotonic)
        async with Database(database_url) as database:
            if killed:
                await database.execute(
                    "INSERT INTO worker (id, host, pid, started_at, lease_until) VALUES ($1, 'host', 1, $2, $3)",
                    *(left[0]["id"], left[0]["started_at"], left[0]["lease_until"]),
                )
        async with open_world(database_url, tmp_path, clock=clock, receiver=receiver, key=world.key) as world:
            machine.pass_(12)
            await world.until_status("SUCCEEDED")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_server_whose_clock_is_behind_its_rows_at_its_start_says_so(
    database_url: str, tmp_path: Path, machine: FakeMachine
) -> None:
    clock = SteadyClock(machine, machine.monotonic)
    async with open_world(database_url, tmp_path, clock=clock, works=False) as before:
        await before.publish()
    later = FakeMachine(machine.now() - HOUR)
    clock = SteadyClock(later, later.monotonic)
    async with open_world(database_url, tmp_path, clock=clock, works=False, key=before.key) as world:
        health = Health(world.resources, works=False)
        at_first = (await health.report()).parts["clock"]
        later.pass_(HOUR.total_seconds())
        then = (await health.report()).parts["clock"]

    assert at_first is not None
    assert "3600.0 s behind the newest row" in at_first
    assert then is None


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_what_is_due_at_once_needs_no_time(world: World, machine: FakeMachine) -> None:
    await world.webhook()
    await lost_wake_up(world)

    machine.advance(-HOUR)
    await world.resources.timekeeper.look()
    await world.resources.lease.renew()
    await world.sweep()

    await world.until_status("SUCCEEDED")


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_of_those_that_notice_a_step_one_brings_forward_what_waits_and_what_the_dead_hold(
    world: World, machine: FakeMachine
) -> None:
    webhook = await world.webhook()
    await lost_wake_up(world)
    due = START + timedelta(minutes=30)
    database, clock = world.resources.database, world.resources.clock
    await database.execute("UPDATE delivery SET status = 'RETRYING', next_attempt_at = $1", to_micros(due))
    await database.execute("UPDATE webhook SET held_until = $1", to_micros(due))
    other = Timekeeper(database, SteadyClock(machine, machine.monotonic), timedelta(seconds=5))
    await other.look()
    machine.advance(-HOUR)
    await other.look()

    await noticed(world)
    await other.mend()

    [delivery] = await world.deliveries()
    [held] = await world.rows("webhook", id=webhook.id)
    [worker] = await world.rows("worker")
    assert from_micros(delivery["next_attempt_at"]) == due - HOUR
    assert from_micros(held["held_until"]) == due - HOUR
    assert from_micros(worker["lease_until"]) == clock.now() + timedelta(seconds=5)
