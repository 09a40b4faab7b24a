"""On both databases: what event types say about keeping bodies is done, whatever way a delivery is sent."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.database.database import Database
from app.delivery.erased import NO_HEADERS
from app.delivery.expired_bodies import ExpiredBodies
from app.delivery.until_success import emptying
from app.delivery_filter import TimeRange
from app.errors import Rejected
from app.event_types.definitions import update_event_type
from app.event_types.drafts import EventTypeChanges, KeepingChanges
from app.operations.one_delivery import retry_delivery
from app.operations.replay import replay_events
from app.operations.run import run_due_operations
from app.publishing.commit import PublishedEvent
from app.statuses import KeepBodies
from app.test_requests.ping import ping_webhook
from app.test_requests.try_webhook import try_webhook
from app.webhooks.credentials import MASK
from app.webhooks.lifecycle import resume_webhook
from tests.canary import CANARY, ECHO, echo, in_files, in_redis, in_rows, ticket
from tests.clock import FakeClock
from tests.patience import PATIENCE_SECONDS
from tests.receiver import answer, in_turn
from tests.world import World, open_world

SUBJECT = "/data/ticket/subject"
DESCRIPTION = "/data/ticket/description"


async def keep(world: World, *rules: KeepBodies, event_type: str = "ticket.created", **further: Any) -> None:
    changes = EventTypeChanges(keeping=KeepingChanges(list(rules), **further))
    await update_event_type(world.resources, world.caller, event_type, changes)


async def retry(world: World, delivery_id: str) -> None:
    await retry_delivery(world.resources, world.resources.pipeline, world.caller, delivery_id)


async def expire(world: World) -> int:
    """Empty what must not be kept any more; return how many events."""
    return await ExpiredBodies(world.resources, rest_seconds=0).empty()


async def publish(world: World, *given: Any, **further: Any) -> PublishedEvent:
    """Publish an event later than the last one, so that IDs are in the order of the test."""
    await world.advance(0.001)
    return await world.publish(*given, **further)


async def erased(world: World) -> list[bool]:
    """Of each event about a ticket, whether it is marked and has no data; both or neither."""
    rows = [row for row in await world.rows("event") if row["type"].startswith("ticket.")]
    for row in rows:
        assert (orjson.loads(row["body"])["data"] == {}) == (row["erased_at"] is not None)
    return [row["erased_at"] is not None for row in rows]


# ── until success ──


async def test_a_body_goes_with_the_last_success_and_is_found_nowhere(
    database_url: str, redis_url: str, tmp_path: Path, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_world(database_url, tmp_path, clock=clock, updates_url=redis_url) as world:
        await keep(world, KeepBodies.UNTIL_SUCCESS)
        world.receiver.on("/well", echo(200))
        world.receiver.on("/ill", in_turn(echo(500), echo(503), echo(201)))
        await world.webhook("/well")
        await world.webhook("/ill", retry_delays_seconds=[60])
        await publish(world, data=ticket(padding=9_000), idempotency_key="order 7")
        first = await world.until_status("SUCCEEDED", "RETRYING")
        with_one_success = await in_rows(world.resources.database)
        await world.advance(120)
        await world.sweep()
        await world.until_status("SUCCEEDED", "FAILED")
        with_a_failure = await in_rows(world.resources.database)

        await retry(world, first[1]["id"])
        await world.until_status("SUCCEEDED", "SUCCEEDED")

        assert with_one_success == with_a_failure == ["attempt", "event"]
        assert await in_rows(world.resources.database) == []
        assert in_redis(redis_url) == []
        await world.resources.database.empty_log()
        assert in_files(database_url) == []
        assert await erased(world) == [True]
        statuses = [row["response_status"] for row in await world.attempts(delivery_id=first[1]["id"])]
        assert statuses == [500, 503, 201]
        again = await publish(world, data=ticket(padding=9_000), idempotency_key="order 7")
        assert again.row.id == first[0]["event_id"], "the key still recognizes a repetition"
    assert CANARY not in "".join(capfd.readouterr())


async def test_what_is_gone_can_be_sent_in_no_way(world: World) -> None:
    await keep(world, KeepBodies.UNTIL_SUCCESS)
    webhook = await world.webhook()
    event = await publish(world)
    [delivery] = await world.until_status("SUCCEEDED")

    with pytest.raises(Rejected, match="was erased"):
        await retry(world, delivery["id"])
    with pytest.raises(Rejected, match="was erased"):
        await try_webhook(world.resources, world.resources.sender, world.caller, webhook.id, event_id=event.row.id)
    replayed = await replay_events(world.resources, world.caller, webhook.id, TimeRange(), only_missing=False)
    await run_due_operations(world.resources, world.resources.lease)

    assert replayed.matched == 0
    assert len(world.receiver.requests) == 1


async def test_other_types_and_workspaces_keep_their_bodies(world: World) -> None:
    neighbour = await world.neighbour()
    await keep(world, KeepBodies.UNTIL_SUCCESS)
    await world.webhook()
    await neighbour.webhook()
    await publish(neighbour)
    await neighbour.until_rows(1, "attempt")
    await publish(world, "ticket.updated")
    await publish(world)
    await world.until_rows(3, "attempt")

    assert await expire(world) == 0
    assert await erased(world) == [False, False, True]


async def test_what_was_missed_or_not_wanted_is_kept(world: World) -> None:
    """A replay can still send it."""
    await keep(world, KeepBodies.UNTIL_SUCCESS)
    await publish(world)
    world.receiver.on("/gone", answer(410))
    gone = await world.webhook("/gone", event_types=["ticket.updated"])
    await publish(world, "ticket.updated")
    await world.until_status("FAILED")
    await keep(world, KeepBodies.UNTIL_SUCCESS, event_type="ticket.updated")
    await world.webhook("/well")
    await publish(world, "ticket.updated")
    await world.until_status("FAILED", "SUCCEEDED")

    assert await expire(world) == 0
    assert await erased(world) == [False, False, False]
    world.receiver.on("/gone", answer(200))
    await resume_webhook(world.resources, world.caller, gone.id)
    await replay_events(world.resources, world.caller, gone.id, TimeRange())
    await run_due_operations(world.resources, world.resources.lease)
    await world.until_rows(2, "event", type="ticket.updated")
    await world.until_status("FAILED", "SUCCEEDED", "SUCCEEDED")
    assert await erased(world) == [False, False, True]


async def test_what_had_succeeded_before_goes_once_the_rule_is_set(world: World) -> None:
    await world.webhook()
    await publish(world, data=ticket())
    await publish(world, "ticket.updated", data=ticket("other"))
    await world.until_status("SUCCEEDED", "SUCCEEDED")

    assert await expire(world) == 0
    await keep(world, KeepBodies.UNTIL_SUCCESS)

    assert await expire(world) == 1
    assert await expire(world) == 0
    assert await erased(world) == [True, False]
    assert await in_rows(world.resources.database) == []


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_of_two_last_successes_at_the_same_time_the_later_one_empties(world: World) -> None:
    for path in ("/one", "/other"):
        world.receiver.on(path, answer(500))
        await world.webhook(path, retry_delays_seconds=[])
    await publish(world, data=ticket())
    deliveries = await world.until_status("FAILED", "FAILED")
    event_ids, database = [deliveries[0]["event_id"]], world.resources.database
    succeed, at = "UPDATE delivery SET status = 'SUCCEEDED' WHERE id = $1", world.resources.clock.now()

    async def other() -> None:
        async with database.transaction() as statements, emptying(statements, event_ids, at):
            await statements.execute(succeed, deliveries[1]["id"])

    async with database.transaction() as statements:
        async with emptying(statements, event_ids, at):
            later = asyncio.create_task(other())
            await waiting_for_a_lock(database)
            await statements.execute(succeed, deliveries[0]["id"])
        assert not later.done()
    await later

    assert await in_rows(database) == []


async def waiting_for_a_lock(database: Database) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FROM event%'"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await database.fetch(waiting):
            pass


# ── never responses ──


async def test_answers_are_stored_in_no_way_of_sending(
    database_url: str, redis_url: str, tmp_path: Path, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_world(database_url, tmp_path, clock=clock, updates_url=redis_url) as world:
        await keep(world, KeepBodies.NEVER_RESPONSES)
        answers = [answer(status, ECHO, CANARY.encode()) for status in (500, 200, 200, 200, 410, 200)]
        world.receiver.on("/", in_turn(*answers))
        webhook = await world.webhook(retry_delays_seconds=[60])
        await publish(world)
        [delivery] = await world.until_status("RETRYING")  # first: 500
        await world.advance(120)
        await world.sweep()
        await world.until_status("SUCCEEDED")  # retry: 200
        await retry(world, delivery["id"])  # manual: 200
        await world.until_attempts(3)
        await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, "ticket.created")
        await publish(world)
        await world.until_attempts(5)  # 410 disables the webhook
        [_, failed] = await world.deliveries(test=False)
        await retry(world, failed["id"])  # a single try: 200

        attempts = await world.attempts()
        triggers = [attempt["trigger"] for attempt in attempts]
        assert triggers == ["FIRST", "RETRY", "MANUAL", "TEST", "FIRST", "MANUAL"]
        assert [attempt["response_status"] for attempt in attempts] == [500, 200, 200, 200, 410, 200]
        assert {(attempt["response_headers"], attempt["response_body"]) for attempt in attempts} == {(NO_HEADERS, "")}
        assert all(attempt["timing"] and attempt["duration_us"] > 0 for attempt in attempts)
        assert await in_rows(world.resources.database) == []
        assert in_redis(redis_url) == []
        assert in_files(database_url) == []
        assert await erased(world) == [False, False, False]
    assert CANARY not in "".join(capfd.readouterr())


# ── days ──


async def test_after_its_days_an_event_is_emptied_and_what_is_open_is_canceled(world: World) -> None:
    await keep(world, KeepBodies.DAYS, keep_bodies_days=2)
    world.receiver.on("/ill", echo(500))
    world.receiver.on("/well", echo(200))
    await world.webhook("/ill", retry_delays_seconds=[7 * 24 * 3600])
    await world.webhook("/well")
    await publish(world, data=ticket())
    await world.until_status("RETRYING", "SUCCEEDED")
    await world.advance(timedelta(days=2) - timedelta(minutes=1))
    await publish(world, data=ticket("other"))
    await world.until_rows(4, "attempt")
    early = await expire(world)
    await world.advance(timedelta(minutes=2))

    emptied = await expire(world)

    assert (early, emptied) == (0, 1)
    assert await erased(world) == [True, False]
    assert await in_rows(world.resources.database) == []
    assert [row["status"] for row in await world.deliveries()] == ["CANCELED", "SUCCEEDED", "RETRYING", "SUCCEEDED"]


async def test_an_answer_that_comes_after_the_days_leaves_nothing(world: World) -> None:
    await keep(world, KeepBodies.DAYS, keep_bodies_days=1)
    answered = asyncio.Event()

    async def late(received: Any, wire: Any) -> None:
        await answered.wait()
        await echo(500)(received, wire)

    world.receiver.on("/", late)
    await world.webhook()
    await publish(world, data=ticket())
    await world.receiver.received(1)
    await world.advance(timedelta(days=1, minutes=1))

    assert await expire(world) == 1
    answered.set()
    await world.until_attempts(1)

    assert await in_rows(world.resources.database) == []


# ── redaction ──


async def test_attempts_never_hold_what_is_redacted_and_the_receiver_gets_it(
    database_url: str, redis_url: str, tmp_path: Path, clock: FakeClock, capfd: pytest.CaptureFixture[str]
) -> None:
    async with open_world(database_url, tmp_path, clock=clock, updates_url=redis_url) as world:
        await keep(world, redact=[SUBJECT, DESCRIPTION])
        world.receiver.on("/", in_turn(*(answer(status, ECHO, ECHOED) for status in (500, 200, 200))))
        webhook = await world.webhook(retry_delays_seconds=[60])
        event = await publish(world, data=ticket())
        [delivery] = await world.until_status("RETRYING")
        await world.advance(120)
        await world.sweep()
        await world.until_status("SUCCEEDED")
        await retry(world, delivery["id"])
        attempts = await world.until_attempts(3)
        tried = await try_webhook(
            world.resources, world.resources.sender, world.caller, webhook.id, event_id=event.row.id
        )

        assert all(CANARY in request.body.decode() for request in await world.receiver.received(4))
        assert await in_rows(world.resources.database) == ["event"]
        assert [orjson.loads(attempt["response_body"]) for attempt in attempts] == [
            {"data": {"ticket": {"subject": MASK}}, "seen": [MASK, f"for {MASK}"]}
        ] * 3
        assert CANARY not in repr(tried)
        assert orjson.loads(tried.request.body)["data"]["ticket"]["subject"] == MASK
        assert in_redis(redis_url) == []
    assert CANARY not in "".join(capfd.readouterr())


ECHOED = orjson.dumps({"data": {"ticket": {"subject": "what it stored"}}, "seen": [CANARY, f"for {CANARY}"]})
