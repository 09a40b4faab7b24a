"""On both databases: past events are sent to a webhook, in the background."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.delivery_filter import TimeRange
from app.errors import Forbidden, Rejected, UserErrorCode
from app.ids import WEBHOOK, new_id
from app.operations import replay
from app.operations.begin import Matched
from app.operations.replay import replay_events
from app.operations.run import run_batches
from app.statuses import OperationStatus, Scope
from app.webhooks.fields import WebhookChanges
from app.webhooks.lifecycle import delete_webhook, update_webhook
from tests.app.operations.desk import Desk

ALWAYS = TimeRange()


async def replayed(desk: Desk, webhook_id: str, time: TimeRange = ALWAYS, **asked: Any) -> Matched:
    return await replay_events(desk.domain.resources, desk.domain.caller, webhook_id, time, **asked)


async def problem_of(desk: Desk, webhook_id: str) -> tuple[UserErrorCode, tuple[str, ...], str]:
    with pytest.raises(Rejected) as rejected:
        await replayed(desk, webhook_id)
    (problem,) = rejected.value.problems
    return problem.code, problem.path, problem.message


async def test_a_new_webhook_gets_what_was_published_before_it(desk: Desk) -> None:
    events = await desk.publish(3)
    webhook_id = await desk.webhook()
    now = desk.domain.clock.advance(60)

    matched = await replayed(desk, webhook_id)
    operation = await desk.done(matched)
    rows = await desk.deliveries()

    assert matched.matched == 3
    assert (operation.kind, operation.status, operation.done) == ("replayEvents", OperationStatus.COMPLETED, 3)
    assert [row["event_id"] for row in rows] == events
    at = int(now.timestamp() * 1_000_000)
    for row in rows:
        assert (row["status"], row["trigger"], row["webhook_id"]) == ("PENDING", "REPLAY", webhook_id)
        assert (row["next_attempt_at"], row["created_at"], row["completed_at"]) == (at, at, None)
        assert (row["event_type"], row["workspace_id"]) == ("ticket.created", desk.domain.caller.workspace_id)
    await desk.domain.resources.waker.drained()
    assert webhook_id in desk.domain.woken


async def test_only_what_is_missing_is_sent(desk: Desk) -> None:
    await desk.publish(2)
    webhook_id = await desk.webhook()
    await desk.publish(2)
    await desk.become("SUCCEEDED")

    matched = await replayed(desk, webhook_id)
    await desk.done(matched)

    assert matched.matched == 2
    assert await desk.statuses() == ["SUCCEEDED", "SUCCEEDED", "PENDING", "PENDING"]
    assert (await replayed(desk, webhook_id, dry_run=True)).matched == 0


async def test_otherwise_what_is_done_starts_over_and_what_is_on_its_way_is_left_alone(desk: Desk) -> None:
    await desk.publish(1)
    webhook_id = await desk.webhook()
    for status in ("SUCCEEDED", "FAILED", "CANCELED", "RETRYING"):
        [event_id] = await desk.publish(1)
        await desk.become(status, event_id=event_id)

    matched = await replayed(desk, webhook_id, only_missing=False)
    operation = await desk.done(matched)
    rows = await desk.deliveries()

    assert (matched.matched, operation.done) == (4, 4)
    assert [(row["status"], row["trigger"], row["retries_used"]) for row in rows] == [
        ("PENDING", "REPLAY", 0),
        ("PENDING", "REPLAY", 0),
        ("PENDING", "REPLAY", 0),
        ("RETRYING", "RETRY", 3),
        ("PENDING", "REPLAY", 0),
    ]
    assert [row["attempt_count"] for row in rows] == [1, 1, 1, 1, 0]
    assert len({row["event_id"] for row in rows}) == 5


async def test_only_what_the_webhook_asks_for_is_sent(desk: Desk) -> None:
    await desk.publish(2, "ticket.created")
    await desk.publish(3, "ticket.updated")
    webhook_id = await desk.webhook(event_types=["ticket.updated", "agent.*"])

    matched = await replayed(desk, webhook_id)
    await desk.done(matched)

    assert matched.matched == 3
    assert {row["event_type"] for row in await desk.deliveries()} == {"ticket.updated"}


async def test_the_filter_of_the_webhook_decides_about_past_events_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "FILTERED_BATCH", 3)
    for priority in ("low", "urgent", "low", "low", "low", "urgent", "urgent"):
        await desk.publish(1, priority=priority)
    webhook_id = await desk.webhook(filter='data.ticket.priority == "urgent"')

    matched = await replayed(desk, webhook_id)
    operation = await desk.done(matched)

    assert (matched.matched, operation.done, operation.status) == (3, 3, OperationStatus.COMPLETED)
    assert len(await desk.deliveries()) == 3


async def test_what_the_webhook_asks_for_is_taken_as_it_was_at_the_beginning(desk: Desk) -> None:
    await desk.publish(2, "ticket.created")
    await desk.publish(1, "ticket.updated")
    webhook_id = await desk.webhook(event_types=["ticket.created"])
    matched = await replayed(desk, webhook_id)
    changes = WebhookChanges(event_types=["ticket.updated"])
    await update_webhook(desk.domain.resources, desk.domain.caller, webhook_id, changes)

    operation = await desk.done(matched)

    assert operation.done == 2
    assert {row["event_type"] for row in await desk.deliveries()} == {"ticket.created"}


async def test_time_and_event_types_narrow_it_down(desk: Desk) -> None:
    await desk.publish(1)
    since = desk.domain.clock.advance(1)
    await desk.publish(2, "ticket.created")
    await desk.publish(3, "ticket.updated")
    until = desk.domain.clock.advance(1)
    await desk.publish(4, "ticket.resolved")
    webhook_id = await desk.webhook()

    async def matched(time: TimeRange, **asked: Any) -> int:
        return (await replayed(desk, webhook_id, time, dry_run=True, **asked)).matched

    assert await matched(ALWAYS) == 10
    assert await matched(TimeRange(since, until)) == 5
    assert await matched(TimeRange(since=since)) == 9
    assert await matched(TimeRange(until=since)) == 1
    assert await matched(TimeRange(since, until), event_types=["ticket.updated"]) == 3
    assert await matched(ALWAYS, event_types=["*"]) == 10
    assert await matched(ALWAYS, event_types=[]) == 0
    assert (await desk.done(await replayed(desk, webhook_id, TimeRange(since, until)))).done == 5


async def test_ordering_keys_are_kept(desk: Desk) -> None:
    await desk.publish(2)
    await desk.domain.rows("UPDATE event SET ordering_key = 'tkt_1'")
    webhook_id = await desk.webhook()

    await desk.done(await replayed(desk, webhook_id))

    assert {row["ordering_key"] for row in await desk.deliveries()} == {"tkt_1"}


async def test_events_of_tests_and_of_other_workspaces_are_left_out(desk: Desk) -> None:
    [test, _] = await desk.publish(2)
    await desk.domain.rows("UPDATE event SET test = $1 WHERE id = $2", True, test)
    await desk.publish(3, caller=desk.domain.stranger)
    webhook_id = await desk.webhook()

    matched = await replayed(desk, webhook_id)

    assert (matched.matched, (await desk.done(matched)).done) == (1, 1)


async def test_events_published_after_it_began_are_not_its_concern(desk: Desk) -> None:
    await desk.publish(2)
    webhook_id = await desk.webhook(event_types=["ticket.created"])
    matched = await replayed(desk, webhook_id)
    await desk.publish(1)

    operation = await desk.done(matched)

    assert operation.done == 2
    assert len(await desk.deliveries(trigger="FIRST")) == 1


async def test_the_work_is_done_in_batches(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "BATCH", 2)
    events = await desk.publish(5)
    matched = await replayed(desk, await desk.webhook())
    seen = []

    while await run_batches(desk.domain.resources, desk.domain.resources.lease):
        operation = await desk.operation(matched)
        seen.append((operation.done, operation.position, operation.status))

    assert seen == [(2, events[1], "RUNNING"), (4, events[3], "RUNNING"), (5, events[4], "COMPLETED")]


async def test_two_replays_of_the_same_events_make_one_delivery_of_each(desk: Desk) -> None:
    await desk.publish(4)
    webhook_id = await desk.webhook()
    one, other = await replayed(desk, webhook_id), await replayed(desk, webhook_id)

    done = (await desk.done(one)).done + (await desk.done(other)).done

    assert (one.matched, other.matched, done) == (4, 4, 4)
    assert len(await desk.deliveries()) == 4


@pytest.mark.parametrize("fate", ["deleted", "disabled"])
async def test_a_replay_fails_where_its_webhook_is_deleted_or_disabled_meanwhile(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fate: str
) -> None:
    monkeypatch.setattr(replay, "BATCH", 2)
    await desk.publish(5)
    webhook_id = await desk.webhook()
    matched = await replayed(desk, webhook_id)
    await run_batches(desk.domain.resources, desk.domain.resources.lease)
    if fate == "deleted":
        await delete_webhook(desk.domain.resources, desk.domain.caller, webhook_id)
    else:
        await desk.domain.rows("UPDATE webhook SET status = 'DISABLED'")

    operation = await desk.done(matched)

    assert (operation.status, operation.done) == (OperationStatus.FAILED, 2)
    assert operation.completed_at is not None
    assert len(await desk.deliveries()) == 2


async def test_a_paused_webhook_keeps_what_is_replayed_waiting(desk: Desk) -> None:
    await desk.publish(2)
    webhook_id = await desk.webhook()
    await desk.domain.rows("UPDATE webhook SET status = 'PAUSED'")

    assert (await desk.done(await replayed(desk, webhook_id))).done == 2
    assert await desk.statuses() == ["PENDING", "PENDING"]


async def test_a_webhook_that_is_not_there_is_not_found(desk: Desk) -> None:
    theirs = await desk.webhook(desk.domain.stranger)
    deleted = await desk.webhook()
    await delete_webhook(desk.domain.resources, desk.domain.caller, deleted)

    for webhook_id in (theirs, deleted, new_id(WEBHOOK, desk.domain.clock.now()), "no id"):
        assert await problem_of(desk, webhook_id) == (
            UserErrorCode.NOT_FOUND,
            ("webhookId",),
            f'No webhook has the id "{webhook_id}"; give the id of one in this workspace.',
        )


async def test_a_disabled_webhook_has_to_be_resumed_first(desk: Desk) -> None:
    webhook_id = await desk.webhook()
    await desk.domain.rows("UPDATE webhook SET status = 'DISABLED'")

    assert await problem_of(desk, webhook_id) == (
        UserErrorCode.CONFLICT,
        ("webhookId",),
        f"The webhook {webhook_id} is DISABLED, so nothing is sent to it. Once its receiver works, resume the webhook"
        " (resumeWebhook, or on the dashboard), then try again.",
    )


async def test_too_many_events_to_filter_are_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "MAX_FILTERED", 3)
    await desk.publish(4)
    webhook_id = await desk.webhook(filter="true")

    code, path, message = await problem_of(desk, webhook_id)

    assert (code, path) == (UserErrorCode.TOO_MANY, ("time",))
    assert message.startswith("The webhook has a filter, and more than 3 events would have to be read to ask it;")


async def test_all_that_is_wrong_is_said_at_once(desk: Desk) -> None:
    webhook_id = await desk.webhook()
    now = desk.domain.clock.now()

    with pytest.raises(Rejected) as rejected:
        await replayed(desk, webhook_id, TimeRange(now, now - timedelta(hours=1)), event_types=["*", "x"])

    assert [problem.path for problem in rejected.value.problems] == [("eventTypes", "1"), ("time", "until")]


async def test_replaying_takes_the_scope_manage(desk: Desk) -> None:
    webhook_id = await desk.webhook()
    caller = replace(desk.domain.caller, scopes=frozenset(Scope) - {Scope.MANAGE})

    with pytest.raises(Forbidden):
        await replay_events(desk.domain.resources, caller, webhook_id, ALWAYS, dry_run=True)


async def test_what_a_server_whose_clock_is_ahead_has_published_is_meant_as_well(desk: Desk) -> None:
    desk.domain.clock.advance(0.3)
    events = await desk.publish(3)
    webhook_id = await desk.webhook()
    desk.domain.clock.advance(-0.3)

    matched = await replayed(desk, webhook_id)

    assert matched.matched == len(events)
