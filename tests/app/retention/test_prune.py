"""On both databases: what is old enough is deleted, and nothing that is still needed."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from app.access.audit_chain import Harm
from app.access.verify_audit import verify
from app.clock import to_micros
from app.database.batch import Columns
from app.delivery_filter import TimeRange
from app.ids import DELIVERY, EVENT, OPERATION, WEBHOOK, id_time, new_id
from app.operations import replay
from app.operations.progress import Task
from app.operations.replay import replay_batch, replay_events
from app.retention.batch import BATCH
from app.retention.prune import START_OVER_AFTER, Retention
from app.stats.measure import measure
from app.stats.periods import CLOSED_AFTER, close_periods
from tests.app.operations.desk import Desk
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.patience import PATIENCE_SECONDS

EVENTS_DAYS, FAILED_DAYS, ATTEMPTS_DAYS = timedelta(days=30), timedelta(days=90), timedelta(days=14)
A_LITTLE = timedelta(seconds=1)


async def pruned(domain: Domain, retention: Retention | None = None) -> dict[str, int]:
    """Let statistics count finished periods, as they do every minute, then prune; return how many rows of which tables
    were deleted, except those of statistics.
    """
    while await close_periods(domain.resources.database, domain.resources.clock):
        pass
    async with asyncio.timeout(PATIENCE_SECONDS):
        gone = await (retention or Retention(domain.resources, domain.resources.metrics.pruned, rest_seconds=0)).prune()
    return {table: count for table, count in gone.items() if count and table != "stats_period"}


async def ids(desk: Desk, table: str) -> list[str]:
    return [row["id"] for row in await desk.domain.rows(f"SELECT id FROM {table} ORDER BY id")]


async def test_an_event_goes_with_its_deliveries_and_attempts_once_all_has_ended_long_ago(desk: Desk) -> None:
    await desk.webhook()
    await desk.webhook()
    await desk.publish(2)
    await desk.attempt(2)
    await desk.become("SUCCEEDED")
    desk.domain.clock.advance(timedelta(days=20))
    [young] = await desk.publish()
    await desk.become("SUCCEEDED", event_id=young)

    desk.domain.clock.advance(EVENTS_DAYS - timedelta(days=20) + A_LITTLE)
    gone = await pruned(desk.domain)

    assert gone == {"event": 2, "delivery": 4, "attempt": 8}
    assert await ids(desk, "event") == [young]
    assert {row["event_id"] for row in await desk.deliveries()} == {young}
    assert await ids(desk, "attempt") == []


async def test_an_event_that_nobody_asked_for_goes_too(desk: Desk) -> None:
    await desk.publish(3)

    desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)

    assert await pruned(desk.domain) == {"event": 3}


async def test_nothing_goes_a_moment_too_early(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish()
    await desk.attempt()
    await desk.become("SUCCEEDED")

    desk.domain.clock.advance(ATTEMPTS_DAYS)
    early = await pruned(desk.domain)
    desk.domain.clock.advance(EVENTS_DAYS - ATTEMPTS_DAYS)
    await pruned(desk.domain)

    assert early == {}
    assert len(await ids(desk, "event")) == len(await ids(desk, "delivery")) == 1


@pytest.mark.parametrize("status", ["PENDING", "RETRYING"])
async def test_an_open_delivery_keeps_its_event_and_what_else_came_of_it(desk: Desk, status: str) -> None:
    waiting = await desk.webhook()
    await desk.webhook()
    await desk.publish()
    await desk.become("SUCCEEDED")
    await desk.become(status, webhook_id=waiting)

    desk.domain.clock.advance(3 * FAILED_DAYS)

    assert await pruned(desk.domain) == {}
    assert len(await desk.deliveries()) == 2


async def test_a_delivery_that_is_being_sent_stays(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish()
    await desk.become("SUCCEEDED")
    await desk.domain.resources.database.execute("UPDATE delivery SET claimed_by = 'wrk_1'")

    desk.domain.clock.advance(3 * FAILED_DAYS)

    assert await pruned(desk.domain) == {}


@pytest.mark.parametrize("status", ["FAILED", "CANCELED"])
async def test_what_did_not_succeed_stays_longer_with_its_attempts_and_the_whole_event(desk: Desk, status: str) -> None:
    failing = await desk.webhook()
    await desk.webhook()
    await desk.publish()
    await desk.attempt()
    await desk.become("SUCCEEDED")
    await desk.become(status, webhook_id=failing)

    desk.domain.clock.advance(FAILED_DAYS)
    early = await pruned(desk.domain)
    left = await desk.domain.rows("SELECT d.webhook_id FROM attempt a JOIN delivery d ON d.id = a.delivery_id")
    desk.domain.clock.advance(A_LITTLE)
    late = await pruned(desk.domain)

    assert early == {"attempt": 1}  # of the one that succeeded
    assert [row["webhook_id"] for row in left] == [failing]
    assert late == {"event": 1, "delivery": 2, "attempt": 1}


async def test_what_was_retried_by_hand_long_after_is_kept_from_its_new_end_on(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish()
    desk.domain.clock.advance(FAILED_DAYS - A_LITTLE)
    await desk.become("SUCCEEDED")

    desk.domain.clock.advance(EVENTS_DAYS)
    early = await pruned(desk.domain)
    desk.domain.clock.advance(A_LITTLE)

    assert early == {}
    assert await pruned(desk.domain) == {"event": 1, "delivery": 1}


async def test_attempts_of_what_succeeded_go_first(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish(2)
    await desk.attempt(3)
    await desk.become("SUCCEEDED")

    desk.domain.clock.advance(ATTEMPTS_DAYS + A_LITTLE)

    assert await pruned(desk.domain) == {"attempt": 6}
    assert len(await desk.deliveries()) == 2


async def test_zero_days_are_forever(database_url: str, tmp_path: Any, clock: FakeClock) -> None:
    forever = dict.fromkeys(
        ("keep_events_days", "keep_attempts_days", "keep_failed_days", "keep_operations_days", "keep_audit_days"), 0
    )
    async with open_domain(database_url, tmp_path, clock, **forever) as domain:
        desk = Desk(domain)
        await desk.webhook()
        await desk.publish()
        await desk.attempt()
        await desk.become("SUCCEEDED")
        before = {table: await ids(desk, table) for table in ("event", "delivery", "attempt", "audit_entry")}

        clock.advance(timedelta(days=3650))
        gone = await pruned(domain)

        assert gone == {}
        assert {table: await ids(desk, table) for table in before} == before


async def test_what_failed_can_be_kept_forever_by_itself(database_url: str, tmp_path: Any, clock: FakeClock) -> None:
    async with open_domain(database_url, tmp_path, clock, keep_failed_days=0) as domain:
        desk = Desk(domain)
        await desk.webhook()
        succeeded, failed = await desk.publish(2)
        await desk.become("SUCCEEDED", event_id=succeeded)
        await desk.become("FAILED", event_id=failed)

        clock.advance(timedelta(days=600))

        assert await pruned(domain) == {"event": 1, "delivery": 1}
        assert await ids(desk, "event") == [failed]


async def test_more_than_a_batch_goes_in_one_call(desk: Desk) -> None:
    database, now = desk.domain.resources.database, desk.domain.clock.now()
    workspace_id, count = desk.domain.caller.workspace_id, 2 * BATCH + 1
    columns: Columns = (("id", "text"), ("event_id", "text"), ("webhook_id", "text"))
    events = [new_id(EVENT, now) for _ in range(count)]
    # Every event has one delivery, and the first one has many.
    of_events = events + count * events[:1]
    deliveries = [(new_id(DELIVERY, now), event_id, new_id(WEBHOOK, now)) for event_id in of_events]
    await database.fetch_rows(
        "INSERT INTO event (id, workspace_id, type, occurred_at, created_at, body, test)"
        " SELECT id, $1, 't', 0, 0, '{}', false FROM {rows} AS new",
        (("id", "text"),),
        [(event_id,) for event_id in events],
        workspace_id,
    )
    await database.fetch_rows(
        "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, status, trigger,"
        " attempt_count, retries_used, created_at, completed_at)"
        " SELECT id, $1, event_id, webhook_id, 't', false, 'SUCCEEDED', 'FIRST', 1, 0, 1, 1 FROM {rows} AS new",
        columns,
        deliveries,
        workspace_id,
    )

    desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)
    gone = await pruned(desk.domain)

    assert gone == {"event": count, "delivery": 2 * count}


async def test_processes_that_prune_at_once_do_each_row_once_and_leave_nothing(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish(40)
    await desk.attempt()
    await desk.become("SUCCEEDED")
    desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)
    while await close_periods(desk.domain.resources.database, desk.domain.resources.clock):
        pass

    retentions = [
        Retention(desk.domain.resources, desk.domain.resources.metrics.pruned, rest_seconds=0) for _ in range(4)
    ]
    gone = sum([Counter(found) for found in await asyncio.gather(*(one.prune() for one in retentions))], Counter())
    gone += Counter(await pruned(desk.domain))  # a process that skipped locked rows left them to a later round

    assert gone == {"event": 40, "delivery": 40, "attempt": 40}
    assert await ids(desk, "event") == await ids(desk, "delivery") == await ids(desk, "attempt") == []


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_what_somebody_retries_in_this_moment_stays_and_nobody_waits(desk: Desk) -> None:
    await desk.webhook()
    retried, other = await desk.publish(2)
    await desk.become("SUCCEEDED")
    desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)

    async with desk.domain.resources.database.transaction() as statements:
        await statements.execute(
            "UPDATE delivery SET status = 'PENDING', next_attempt_at = 1, completed_at = NULL WHERE event_id = $1",
            retried,
        )
        gone = await pruned(desk.domain)

    assert gone == {"event": 1, "delivery": 1}
    assert await ids(desk, "event") == [retried]
    assert other not in {row["event_id"] for row in await desk.deliveries()}


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_what_somebody_replays_in_this_moment_stays(desk: Desk) -> None:
    await desk.publish(1)
    webhook_id = await desk.webhook()
    matched = await replay_events(desk.domain.resources, desk.domain.caller, webhook_id, TimeRange())
    operation = await desk.operation(matched)
    now = desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)

    async with desk.domain.resources.database.transaction() as statements:
        task = Task(desk.domain.caller.workspace_id, operation.request, None)
        progress = await replay_batch(statements, task, now)
        gone = await pruned(desk.domain)

    assert len(progress.deliveries) == 1
    assert "event" not in gone
    assert [row["event_id"] for row in await desk.deliveries()] == await ids(desk, "event")


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_replay_leaves_out_what_was_pruned_since_it_looked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.publish(1)
    webhook_id = await desk.webhook()
    matched = await replay_events(desk.domain.resources, desk.domain.caller, webhook_id, TimeRange())
    operation = await desk.operation(matched)
    now = desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)
    pick = replay._pick

    async def pick_then_prune(*asked: Any) -> Any:
        found = await pick(*asked)
        await pruned(desk.domain)
        return found

    monkeypatch.setattr(replay, "_pick", pick_then_prune)
    async with desk.domain.resources.database.transaction() as statements:
        task = Task(desk.domain.caller.workspace_id, operation.request, None)
        progress = await replay_batch(statements, task, now)

    assert list(progress.deliveries) == []
    assert await ids(desk, "event") == await ids(desk, "delivery") == []


async def test_nothing_goes_before_statistics_have_counted_it(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish()
    await desk.attempt()
    await desk.become("SUCCEEDED")
    desk.domain.clock.advance(3 * FAILED_DAYS)
    retention = Retention(desk.domain.resources, desk.domain.resources.metrics.pruned, rest_seconds=0)

    uncounted = await retention.prune()
    counted = await pruned(desk.domain, retention)

    assert Counter(uncounted).total() == 0
    assert counted == {"event": 1, "delivery": 1, "attempt": 1}


async def test_statistics_stay_as_they_were_until_what_failed_goes(desk: Desk) -> None:
    failing = await desk.webhook()
    await desk.webhook()
    await desk.publish(3)
    await desk.attempt()
    await desk.become("SUCCEEDED")
    await desk.become("FAILED", webhook_id=failing)
    window = desk.domain.clock.now() - timedelta(hours=1), desk.domain.clock.now() + timedelta(hours=1)

    async def measured() -> tuple[int, int, int, int]:
        stats = await measure(desk.domain.resources, desk.domain.caller, None, *window)
        return stats.deliveries, stats.succeeded, stats.failed, stats.attempts

    desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)
    before = await measured()
    await pruned(desk.domain)
    between = await measured()
    desk.domain.clock.advance(FAILED_DAYS)
    await pruned(desk.domain)
    after = await measured()

    assert before == between == (6, 3, 3, 6)
    assert await ids(desk, "stats_period") == []
    assert after == (0, 0, 0, 0)


async def test_periods_that_are_still_right_stay(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish()
    await desk.become("SUCCEEDED")
    desk.domain.clock.advance(FAILED_DAYS)
    [young] = await desk.publish()
    await desk.become("SUCCEEDED", event_id=young)
    desk.domain.clock.advance(2 * CLOSED_AFTER)

    await pruned(desk.domain)
    left = await ids(desk, "stats_period")

    assert len(left) == 2  # of the webhook and of its workspace
    assert all(int(row_id.rpartition(".")[2]) > id_time(young).timestamp() - 300 for row_id in left)


async def test_what_is_kept_is_looked_at_again_once_a_day(desk: Desk) -> None:
    retention = Retention(desk.domain.resources, desk.domain.resources.metrics.pruned, rest_seconds=0)
    await desk.webhook()
    await desk.publish()
    desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)
    await pruned(desk.domain, retention)
    await desk.domain.resources.database.execute("UPDATE delivery SET status = 'SUCCEEDED', completed_at = 1")

    desk.domain.clock.advance(START_OVER_AFTER - A_LITTLE)
    same_day = await pruned(desk.domain, retention)
    desk.domain.clock.advance(A_LITTLE)
    next_day = await pruned(desk.domain, retention)

    assert same_day == {}
    assert next_day == {"event": 1, "delivery": 1}


async def test_what_becomes_old_goes_within_the_day(desk: Desk) -> None:
    retention = Retention(desk.domain.resources, desk.domain.resources.metrics.pruned, rest_seconds=0)
    await desk.publish()
    desk.domain.clock.advance(timedelta(minutes=5))
    await desk.publish()
    desk.domain.clock.advance(EVENTS_DAYS - timedelta(minutes=4))

    first = await pruned(desk.domain, retention)
    desk.domain.clock.advance(timedelta(minutes=5))
    second = await pruned(desk.domain, retention)

    assert first == second == {"event": 1}


async def test_operations_go_once_they_have_ended_long_ago(desk: Desk) -> None:
    now = desk.domain.clock.now()
    for status, completed_at in (
        ("RUNNING", None),
        ("COMPLETED", to_micros(now)),
        ("FAILED", to_micros(now + timedelta(days=1))),
    ):
        await desk.domain.resources.database.execute(
            "INSERT INTO operation (id, workspace_id, kind, status, request, matched, done, created_at, completed_at)"
            " VALUES ($1, $2, 'replayEvents', $3, '{}', 1, 0, $4, $5)",
            new_id(OPERATION, now),
            desk.domain.caller.workspace_id,
            status,
            to_micros(now),
            completed_at,
        )

    desk.domain.clock.advance(timedelta(days=90) + A_LITTLE)

    assert await pruned(desk.domain) == {"operation": 1}
    left = await desk.domain.rows("SELECT status FROM operation ORDER BY id")
    assert [row["status"] for row in left] == ["RUNNING", "FAILED"]


async def test_the_audit_log_is_kept_for_two_years(desk: Desk) -> None:
    await desk.webhook()
    written = len(await ids(desk, "audit_entry"))
    desk.domain.clock.advance(timedelta(days=730))
    early = await pruned(desk.domain)
    desk.domain.clock.advance(A_LITTLE)

    assert early == {}
    assert await pruned(desk.domain) == {"audit_entry": written}


async def test_the_audit_log_that_is_left_is_a_chain_that_says_what_expired(desk: Desk) -> None:
    database, caller = desk.domain.resources.database, desk.domain.caller
    await desk.webhook()
    first = (await verify(database, caller.workspace_id)).chain.head
    await desk.webhook()
    second = (await verify(database, caller.workspace_id)).chain.head
    desk.domain.clock.advance(timedelta(days=730) + A_LITTLE)
    await desk.webhook()
    await pruned(desk.domain)

    verdict = await verify(database, caller.workspace_id, second)
    older = await verify(database, caller.workspace_id, first)
    wrong = await verify(database, caller.workspace_id, second._replace(hash="0" * 64))
    await database.execute("UPDATE audit_chain SET expired = expired - 1 WHERE workspace_id = $1", caller.workspace_id)
    moved = await verify(database, caller.workspace_id)

    assert (verdict.finding, verdict.noted_has_expired, verdict.chain.expired) == (None, False, second)
    assert verdict.chain.head.number == second.number + 1
    assert (older.finding, older.noted_has_expired) == (None, True)
    assert wrong.finding is not None
    assert moved.finding is not None
    assert (moved.finding.harm, moved.finding.number) == (Harm.MISSING, second.number)


async def test_an_entry_stays_until_those_before_it_may_go(desk: Desk) -> None:
    await desk.webhook()
    await desk.webhook()
    workspace_id = desk.domain.caller.workspace_id
    # As written by a process with a clock that is ahead.
    later = to_micros(desk.domain.clock.now() + timedelta(days=1))
    await desk.domain.resources.database.execute(
        "UPDATE audit_entry SET at = $2 WHERE workspace_id = $1 AND number = 2", workspace_id, later
    )
    desk.domain.clock.advance(timedelta(days=730) + A_LITTLE)

    await pruned(desk.domain)

    left = await desk.domain.rows(
        "SELECT number FROM audit_entry WHERE workspace_id = $1 ORDER BY number", workspace_id
    )
    assert [row["number"] for row in left] == [2, 3]


async def test_what_went_is_counted(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish(2)
    await desk.become("SUCCEEDED")
    desk.domain.clock.advance(EVENTS_DAYS + A_LITTLE)

    await pruned(desk.domain)

    registry = desk.domain.resources.metrics.registry
    counted = {
        table: registry.get_sample_value("eev_webhooks_pruned_rows_total", {"table": table})
        for table in ("event", "delivery", "attempt")
    }
    assert counted == {"event": 2, "delivery": 2, "attempt": 0}


async def test_attempts_that_lost_their_delivery_go_by_their_own_age(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish()
    await desk.attempt()
    await desk.domain.resources.database.execute("DELETE FROM delivery")

    desk.domain.clock.advance(ATTEMPTS_DAYS + A_LITTLE)

    assert await pruned(desk.domain) == {"attempt": 1}
