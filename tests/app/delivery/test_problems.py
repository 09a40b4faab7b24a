"""Failures of one webhook with one cause are one problem, from the first failure until a success."""

import asyncio

import pytest

from app.database.database import Row
from app.delivery.finished_attempt import FinishedAttempt, RecordResult
from app.delivery.record import Recorder
from app.operations.bulk import retry_deliveries
from app.operations.run import run_due_operations
from app.problems.acknowledge import acknowledge_problem
from app.test_requests.ping import ping_webhook
from app.webhooks.lifecycle import delete_webhook, resume_webhook
from tests.receiver import Received, Wire, answer, close, in_turn
from tests.world import World

AGAIN_SECONDS = 600


async def problems(world: World) -> list[tuple[str, int]]:
    """Their status and their failures, in the order in which they were first opened."""
    return [(row["status"], row["failures"]) for row in await world.rows("problem")]


async def affected(world: World) -> list[str]:
    """The deliveries that any problem affects."""
    return [row["id"] for row in await world.deliveries() if row["problem_key"] is not None]


async def again(world: World, *statuses: str) -> None:
    """Let the retries become due."""
    await world.advance(2 * AGAIN_SECONDS)
    await world.sweep()
    await world.until_status(*statuses)


async def test_failures_with_one_cause_are_one_problem(world: World) -> None:
    world.receiver.on("/", answer(500))
    webhook = await world.webhook(retry_delays_seconds=[AGAIN_SECONDS])
    for _ in range(3):
        await world.publish()

    await world.until_status("RETRYING", "RETRYING", "RETRYING")
    await again(world, "FAILED", "FAILED", "FAILED")
    [problem] = await world.rows("problem")
    attempts = await world.attempts()

    assert (problem["webhook_id"], problem["status"], problem["failures"]) == (webhook.id, "OPEN", 6)
    assert (problem["cause"], problem["outcome"], problem["response_status"]) == (
        "The receiver answered 500 Internal Server Error.",
        "HTTP_ERROR",
        500,
    )
    ended = [attempt["started_at"] + attempt["duration_us"] for attempt in attempts]
    assert problem["opened_at"] <= problem["last_seen_at"]
    assert abs(problem["opened_at"] - min(ended)) < 1_000_000 > abs(problem["last_seen_at"] - max(ended))
    assert problem["example_id"] == attempts[-1]["id"]
    assert len(await affected(world)) == 3


async def test_another_cause_is_another_problem_and_a_delivery_belongs_to_its_latest(world: World) -> None:
    world.receiver.on("/", in_turn(answer(500), close()))
    await world.webhook(retry_delays_seconds=[AGAIN_SECONDS, AGAIN_SECONDS])
    await world.publish()
    await world.until_status("RETRYING")

    await again(world, "RETRYING")
    first, second = await world.rows("problem")

    assert (first["outcome"], second["outcome"]) == ("HTTP_ERROR", "CONNECTION_ERROR")
    assert (first["failures"], second["failures"]) == (1, 1)
    assert [row["problem_key"] for row in await world.deliveries()] == [second["key"]]


async def test_a_success_resolves_all_problems_of_its_webhook_and_the_next_failure_opens_its_own_again(
    world: World,
) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(404), answer(200), answer(500)))
    await world.webhook(retry_delays_seconds=[AGAIN_SECONDS] * 3)
    await world.publish()
    await world.until_status("RETRYING")
    await again(world, "RETRYING")

    await again(world, "SUCCEEDED")
    resolved, affected_then = await world.rows("problem"), await affected(world)
    await world.advance(60)
    await world.publish()
    await world.until_status("SUCCEEDED", "RETRYING")
    reopened = await world.rows("problem")

    assert [row["status"] for row in resolved] == ["RESOLVED", "RESOLVED"]
    assert all(row["resolved_at"] > row["opened_at"] for row in resolved)
    assert affected_then == []
    assert [row["id"] for row in reopened] == [row["id"] for row in resolved]
    assert [row["status"] for row in reopened] == ["OPEN", "RESOLVED"]
    assert reopened[0]["resolved_at"] is None
    assert reopened[0]["opened_at"] > resolved[0]["resolved_at"]
    assert reopened[0]["failures"] == 1


async def test_an_acknowledged_problem_stays_so_while_failures_go_on_and_is_open_when_it_comes_back(
    world: World,
) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(500), answer(200), answer(500)))
    await world.webhook(retry_delays_seconds=[AGAIN_SECONDS] * 3)
    await world.publish()
    await world.until_status("RETRYING")
    [problem] = await world.rows("problem")
    await acknowledge_problem(world.resources, world.caller, problem["id"])

    await again(world, "RETRYING")
    while_failing = await problems(world)
    await again(world, "SUCCEEDED")
    healed = await problems(world)
    await world.publish()
    await world.until_status("SUCCEEDED", "RETRYING")

    assert while_failing == [("ACKNOWLEDGED", 2)]
    assert healed == [("RESOLVED", 2)]
    assert await problems(world) == [("OPEN", 1)]


async def test_a_problem_outlasts_the_resumption_of_its_webhook_until_a_success(world: World) -> None:
    world.receiver.on("/", in_turn(answer(410), answer(200)))
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("FAILED")
    await resume_webhook(world.resources, world.caller, webhook.id)
    resumed = await problems(world)

    await world.publish()
    await world.until_status("FAILED", "SUCCEEDED")

    assert resumed == [("OPEN", 1)]
    assert await problems(world) == [("RESOLVED", 1)]
    assert len(await affected(world)) == 1  # the first delivery still has not succeeded


async def test_retrying_all_that_a_problem_affects_leaves_other_deliveries_alone(world: World) -> None:
    world.receiver.on("/", in_turn(answer(500), answer(500), answer(404), answer(200)))
    await world.webhook(retry_delays_seconds=[])
    for count in range(1, 4):
        await world.publish()
        await world.until_status(*["FAILED"] * count)
    first, second = await world.rows("problem")

    counted = await retry_deliveries(world.resources, world.caller, None, True, problem_id=first["id"])
    begun = await retry_deliveries(world.resources, world.caller, None, problem_id=first["id"])
    await run_due_operations(world.resources, world.resources.lease)
    await world.sweep()
    await world.until_status("SUCCEEDED", "SUCCEEDED", "FAILED")

    assert (counted.matched, begun.matched) == (2, 2)
    assert [row["problem_key"] for row in await world.deliveries()] == [None, None, second["key"]]
    assert [status for status, _ in await problems(world)] == ["RESOLVED", "RESOLVED"]


async def test_a_failed_ping_is_no_problem(world: World) -> None:
    world.receiver.on("/", answer(500))
    webhook = await world.webhook()

    await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, None)
    await world.until_status("FAILED")

    assert await problems(world) == []
    assert await affected(world) == []


async def test_a_deleted_webhook_has_no_problems_not_even_from_an_attempt_that_ends_later(world: World) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def slow(received: Received, wire: Wire) -> None:
        asked.set()
        await gone.wait()
        await answer(500)(received, wire)

    world.receiver.on("/", in_turn(answer(500), slow))
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("RETRYING")
    before = await problems(world)
    await world.publish()
    await asked.wait()
    await delete_webhook(world.resources, world.caller, webhook.id)
    after = await problems(world)
    gone.set()
    await world.until_attempts(2)

    assert before == [("OPEN", 1)]
    assert after == []
    assert await problems(world) == []


async def test_an_attempt_that_is_recorded_twice_is_counted_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of a commit may never arrive; the same attempts are then recorded again."""
    record, kept = Recorder.record, list[FinishedAttempt]()

    async def twice(self: Recorder, finished: FinishedAttempt) -> RecordResult:
        kept.append(finished)
        await record(self, finished)
        return await record(self, finished)

    monkeypatch.setattr(Recorder, "record", twice)
    world.receiver.on("/", answer(500))
    await world.webhook()
    await world.publish()
    await world.until_status("RETRYING")
    await world.resources.recorder.drained()

    assert len(kept) == 1
    assert await problems(world) == [("OPEN", 1)]


async def test_a_success_of_a_healthy_webhook_writes_nothing_about_problems(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Row:
        raise AssertionError("a success of a healthy webhook touched its webhook or its problems")

    monkeypatch.setattr("app.delivery.record.record_webhooks", refuse)
    await world.webhook()
    await world.publish()

    await world.until_status("SUCCEEDED")
