"""On both databases: many deliveries are retried or canceled, in the background."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from app.data_conditions import DataCondition
from app.delivery_filter import DeliveryFilter, TimeRange
from app.errors import Forbidden, Rejected, UserErrorCode
from app.ids import EVENT, new_id
from app.operations import begin, selection
from app.operations.bulk import cancel_deliveries, retry_deliveries
from app.operations.cancel import cancel_operation
from app.operations.run import run_due_operations
from app.statuses import DeliveryStatus, OperationStatus, Scope
from app.updates.update import Topic
from app.webhooks.lifecycle import delete_webhook
from tests.app.operations.desk import Desk

EVERYTHING = DeliveryFilter()
EVERY_STATUS = tuple(DeliveryStatus)


async def retry(desk: Desk, asked: DeliveryFilter = EVERYTHING, *, dry_run: bool = False) -> begin.Matched:
    return await retry_deliveries(desk.domain.resources, desk.domain.caller, asked, dry_run)


async def cancel(desk: Desk, asked: DeliveryFilter = EVERYTHING, *, dry_run: bool = False) -> begin.Matched:
    return await cancel_deliveries(desk.domain.resources, desk.domain.caller, asked, dry_run)


async def one_of_each_status(desk: Desk) -> list[str]:
    """One delivery in each status, in the order of `DeliveryStatus`; returns the IDs of their events."""
    await desk.webhook()
    events = await desk.publish(len(EVERY_STATUS))
    for event_id, status in zip(events, EVERY_STATUS, strict=True):
        await desk.become(status, event_id=event_id)
    return events


async def problem_of(desk: Desk, asked: DeliveryFilter) -> tuple[UserErrorCode, tuple[str, ...], str]:
    with pytest.raises(Rejected) as rejected:
        await retry(desk, asked)
    (problem,) = rejected.value.problems
    return problem.code, problem.path, problem.message


async def test_what_failed_was_canceled_or_waits_to_be_retried_is_due_now(desk: Desk) -> None:
    await one_of_each_status(desk)
    now = desk.domain.clock.advance(60)

    matched = await retry(desk)
    operation = await desk.done(matched)
    pending, retrying, succeeded, failed, canceled = await desk.deliveries()

    assert matched.matched == 3
    assert (operation.kind, operation.status, operation.matched, operation.done, operation.completed_at) == (
        "retryDeliveries",
        OperationStatus.COMPLETED,
        3,
        3,
        now,
    )
    assert (pending["trigger"], succeeded["status"]) == ("RETRY", "SUCCEEDED")
    for row in (retrying, failed, canceled):
        assert (row["status"], row["trigger"], row["retries_used"]) == ("PENDING", "MANUAL", 0)
        assert (row["completed_at"], row["attempt_count"]) == (None, 1)
        assert row["next_attempt_at"] == int(now.timestamp() * 1_000_000)


async def test_what_succeeded_is_retried_only_where_the_filter_says_so(desk: Desk) -> None:
    await one_of_each_status(desk)

    matched = await retry(desk, DeliveryFilter(statuses=[DeliveryStatus.SUCCEEDED, DeliveryStatus.PENDING]))
    operation = await desk.done(matched)

    assert (matched.matched, operation.done) == (1, 1)
    assert await desk.statuses() == ["PENDING", "RETRYING", "PENDING", "FAILED", "CANCELED"]


async def test_what_is_open_is_canceled(desk: Desk) -> None:
    await one_of_each_status(desk)

    matched = await cancel(desk)
    operation = await desk.done(matched)

    assert (matched.matched, operation.done, operation.kind) == (2, 2, "cancelDeliveries")
    assert await desk.statuses() == ["CANCELED", "CANCELED", "SUCCEEDED", "FAILED", "CANCELED"]
    assert all(row["next_attempt_at"] is None and row["completed_at"] for row in await desk.deliveries())


async def test_a_dry_run_only_counts(desk: Desk) -> None:
    await one_of_each_status(desk)
    before = await desk.deliveries()

    retried, canceled = await retry(desk, dry_run=True), await cancel(desk, dry_run=True)
    batches = await run_due_operations(desk.domain.resources, desk.domain.resources.lease)

    assert (retried, canceled, batches) == (begin.Matched(3, None), begin.Matched(2, None), 0)
    assert await desk.deliveries() == before
    assert await desk.domain.audit_log("operation.started") == []


async def test_an_operation_over_nothing_completes(desk: Desk) -> None:
    operation = await desk.done(await retry(desk))

    assert (operation.status, operation.matched, operation.done) == (OperationStatus.COMPLETED, 0, 0)


async def test_every_condition_of_the_filter_counts(desk: Desk) -> None:
    one, other = await desk.webhook(), await desk.webhook(event_types=["*"])
    first, second = await desk.publish(2)
    since = desk.domain.clock.advance(1)
    await desk.publish(1, "ticket.updated")
    until = desk.domain.clock.advance(1)
    await desk.publish(1, "ticket.resolved")
    await desk.become("FAILED")

    async def matched(**asked: object) -> int:
        return (await retry(desk, DeliveryFilter(**asked), dry_run=True)).matched  # type: ignore[arg-type]

    assert await matched() == 8
    assert await matched(webhook_id=one) == 4
    assert await matched(event_id=first) == 2
    assert await matched(event_id=second, webhook_id=other) == 1
    assert await matched(event_types=["ticket.created"]) == 4
    assert await matched(event_types=["ticket.updated", "ticket.resolved"]) == 4
    assert await matched(event_types=["ticket.*", "agent.*"]) == 8
    assert await matched(event_types=["agent.*"]) == 0
    assert await matched(event_types=[]) == 0
    assert await matched(event_types=["*"]) == 8
    assert await matched(statuses=[]) == 0
    assert await matched(time=TimeRange(since, until)) == 2
    assert await matched(time=TimeRange(until=since)) == 4
    assert await matched(time=TimeRange(until, None), webhook_id=one) == 1


async def test_a_filter_means_the_same_to_the_worker_as_to_the_count(desk: Desk) -> None:
    one, _ = await desk.webhook(), await desk.webhook()
    await desk.publish(2)
    since = desk.domain.clock.advance(1)
    await desk.publish(3, "ticket.updated")
    until = desk.domain.clock.advance(1)
    await desk.publish(2, "ticket.updated")
    await desk.become("FAILED")
    asked = DeliveryFilter(
        webhook_id=one,
        event_types=["ticket.updated"],
        statuses=[DeliveryStatus.FAILED],
        time=TimeRange(since, until),
    )

    matched = await retry(desk, asked)
    operation = await desk.done(matched)

    assert (matched.matched, operation.done) == (3, 3)
    assert [row["webhook_id"] for row in await desk.deliveries(status="PENDING")] == [one] * 3


async def test_tests_are_left_alone(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish(2)
    await desk.become("FAILED")
    ping = (await desk.deliveries())[0]["id"]
    await desk.domain.rows("UPDATE delivery SET test = $1 WHERE id = $2", True, ping)

    assert (await desk.done(await retry(desk))).done == 1
    assert await desk.statuses() == ["FAILED", "PENDING"]
    await desk.domain.rows("UPDATE delivery SET status = 'PENDING'")
    assert (await desk.done(await cancel(desk))).done == 1
    assert await desk.statuses() == ["PENDING", "CANCELED"]


async def test_deliveries_of_deleted_and_disabled_webhooks_are_not_retried(desk: Desk) -> None:
    alive, deleted, disabled = [await desk.webhook() for _ in range(3)]
    await desk.publish()
    await desk.become("FAILED")
    await delete_webhook(desk.domain.resources, desk.domain.caller, deleted)
    await desk.domain.rows("UPDATE webhook SET status = 'DISABLED' WHERE id = $1", disabled)

    matched = await retry(desk)
    operation = await desk.done(matched)

    assert (matched.matched, operation.done) == (1, 1)
    assert [row["webhook_id"] for row in await desk.deliveries(status="PENDING")] == [alive]


async def test_what_is_being_sent_right_now_is_left_to_that_attempt_by_a_retry_and_canceled_by_a_cancel(
    desk: Desk,
) -> None:
    await desk.webhook()
    await desk.publish(2)
    await desk.become("RETRYING")
    held = (await desk.deliveries())[0]["id"]
    await desk.domain.rows("UPDATE delivery SET claimed_by = 'wrk' WHERE id = $1", held)

    retried = await desk.done(await retry(desk))
    after_retry = await desk.statuses()
    canceled = await desk.done(await cancel(desk))

    assert (retried.matched, retried.done, after_retry) == (2, 1, ["RETRYING", "PENDING"])
    assert canceled.done == 2
    assert [row["claimed_by"] for row in await desk.deliveries()] == [None, None]


async def test_deliveries_made_after_it_began_are_not_meant(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish(2)
    matched = await cancel(desk)
    await desk.publish(2)

    operation = await desk.done(matched)

    assert operation.done == 2
    assert await desk.statuses() == ["CANCELED", "CANCELED", "PENDING", "PENDING"]


async def test_the_work_is_done_in_batches_that_are_announced_to_followers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.operations.bulk.BATCH", 3)
    webhook_id = await desk.webhook()
    await desk.publish(7)
    await desk.become("FAILED")

    async with (
        desk.domain.announced(Topic.OPERATIONS, 4) as operations,
        desk.domain.announced(Topic.DELIVERIES, 7) as deliveries,
    ):
        matched = await retry(desk)
        assert matched.operation is not None
        desk.domain.woken.clear()
        operation = await desk.done(matched)

    assert (operation.matched, operation.done) == (7, 7)
    assert {update.subject_id for update in operations} == {matched.operation.id}
    assert [update.status for update in operations] == ["RUNNING", "RUNNING", "RUNNING", "COMPLETED"]
    assert [update.subject_id for update in deliveries] == [row["id"] for row in await desk.deliveries()]
    assert {update.status for update in deliveries} == {"PENDING"}
    await desk.domain.resources.waker.drained()
    assert set(desk.domain.woken) == {webhook_id}


async def test_a_batch_that_is_exactly_full_is_not_taken_for_the_last(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.operations.bulk.BATCH", 2)
    await desk.webhook()
    await desk.publish(4)

    operation = await desk.done(await cancel(desk))

    assert (operation.status, operation.done) == (OperationStatus.COMPLETED, 4)


async def test_another_workspaces_deliveries_are_not_touched(desk: Desk) -> None:
    theirs = await desk.webhook(desk.domain.stranger)
    [event_id] = await desk.publish(caller=desk.domain.stranger)
    await desk.become("FAILED")

    assert (await desk.done(await retry(desk))).done == 0
    for asked, path in (
        (DeliveryFilter(webhook_id=theirs), ("filter", "webhookId")),
        (DeliveryFilter(event_id=event_id), ("filter", "eventId")),
    ):
        code, where, _ = await problem_of(desk, asked)
        assert (code, where) == (UserErrorCode.NOT_FOUND, path)


@pytest.mark.parametrize("unknown", ["no id", "wh_", "\0"])
async def test_what_is_no_id_is_not_found(desk: Desk, unknown: str) -> None:
    code, path, message = await problem_of(desk, DeliveryFilter(webhook_id=unknown))

    assert (code, path) == (UserErrorCode.NOT_FOUND, ("filter", "webhookId"))
    assert message == f"No webhook has the id {json.dumps(unknown)}; give the id of one in this workspace."
    assert (await problem_of(desk, DeliveryFilter(event_id=unknown)))[:2] == (
        UserErrorCode.NOT_FOUND,
        ("filter", "eventId"),
    )


async def test_a_disabled_webhook_has_to_be_resumed_before_its_deliveries_are_retried(desk: Desk) -> None:
    webhook_id = await desk.webhook()
    await desk.domain.rows("UPDATE webhook SET status = 'DISABLED' WHERE id = $1", webhook_id)

    code, path, message = await problem_of(desk, DeliveryFilter(webhook_id=webhook_id))

    assert (code, path) == (UserErrorCode.CONFLICT, ("filter", "webhookId"))
    assert message.startswith(
        f"The webhook {webhook_id} is DISABLED, so nothing is sent to it. Once its receiver works"
    )
    assert (await cancel(desk, DeliveryFilter(webhook_id=webhook_id))).matched == 0


async def test_a_status_that_cannot_be_steered_is_refused(desk: Desk) -> None:
    code, path, message = await problem_of(desk, DeliveryFilter(statuses=[DeliveryStatus.PENDING]))

    assert (code, path) == (UserErrorCode.INVALID, ("filter", "statuses"))
    assert message == (
        "Deliveries that are PENDING cannot be retried; name some of FAILED, CANCELED, RETRYING, SUCCEEDED."
    )
    with pytest.raises(Rejected, match="cannot be canceled; name some of PENDING, RETRYING"):
        await cancel(desk, DeliveryFilter(statuses=[DeliveryStatus.FAILED, DeliveryStatus.SUCCEEDED]))


async def test_all_that_is_wrong_with_a_filter_is_said_at_once(desk: Desk) -> None:
    now = desk.domain.clock.now()
    asked = DeliveryFilter(
        event_types=["ticket.created", "Ticket", "\0"],
        statuses=[DeliveryStatus.PENDING],
        time=TimeRange(now, now - timedelta(days=1)),
    )

    with pytest.raises(Rejected) as rejected:
        await retry(desk, asked)

    assert [problem.path for problem in rejected.value.problems] == [
        ("filter", "eventTypes", "1"),
        ("filter", "eventTypes", "2"),
        ("filter", "time", "until"),
        ("filter", "statuses"),
    ]


async def test_a_filter_with_too_many_event_types_is_refused(desk: Desk) -> None:
    names = [f"ticket.number_{number}" for number in range(101)]

    code, path, message = await problem_of(desk, DeliveryFilter(event_types=names))

    assert (code, path) == (UserErrorCode.TOO_MANY, ("filter", "eventTypes"))
    assert message == "There are 101 event types; at most 100 can be named at once."
    assert (await retry(desk, DeliveryFilter(event_types=names[:100]))).matched == 0


async def test_a_filter_that_means_too_many_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (begin, selection):
        monkeypatch.setattr(module, "MAX_MATCHED", 2)
    await desk.webhook()
    await desk.publish(3)

    with pytest.raises(Rejected) as rejected:
        await cancel(desk)
    (problem,) = rejected.value.problems

    assert (problem.code, problem.path) == (UserErrorCode.TOO_MANY, ("filter",))
    assert problem.message == "More than 2 deliveries match; narrow down the time, and do it in several parts."


async def test_the_number_of_running_operations_of_a_workspace_is_limited(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(begin, "MAX_RUNNING", 2)
    await cancel(desk)
    last = await cancel(desk)

    with pytest.raises(Rejected) as rejected:
        await cancel(desk)
    theirs = await cancel_deliveries(desk.domain.resources, desk.domain.stranger, EVERYTHING)
    await desk.done(last)

    assert rejected.value.problems[0].code is UserErrorCode.TOO_MANY
    assert theirs.operation is not None
    assert (await cancel(desk)).operation is not None


async def test_what_was_asked_for_is_in_the_audit_log(desk: Desk) -> None:
    since = desk.domain.clock.now()
    asked = DeliveryFilter(event_types=["ticket.*"], time=TimeRange(since=since))

    matched = await retry(desk, asked)
    [entry] = await desk.domain.audit_log("operation.started")

    assert matched.operation is not None
    assert (entry["actor"], entry["subject_id"]) == ("Ada", matched.operation.id)
    assert entry["changes"]["kind"] == [None, "retryDeliveries"]
    assert entry["changes"]["matched"] == [None, 0]
    assert entry["changes"]["request"][1]["filter"] == {
        "webhookId": None,
        "eventId": None,
        "eventTypes": ["ticket.*"],
        "statuses": ["FAILED", "CANCELED", "RETRYING"],
        "time": {"since": "2026-03-14T09:26:53.589Z", "until": None},
    }


async def test_values_of_events_are_in_no_audit_entry_and_in_no_operation_that_has_ended(desk: Desk) -> None:
    await desk.webhook()
    await desk.publish()
    canary = "ada@example.com"
    by_data = DeliveryFilter(data=[DataCondition("ticket.requester.email", canary)])
    by_text = DeliveryFilter(search=canary)
    by_id = DeliveryFilter(search=(await desk.deliveries())[0]["id"])

    await cancel_operation(desk.domain.resources, desk.domain.caller, started(await retry(desk, by_data)))
    for asked in (by_data, by_text, by_id):
        await desk.done(await retry(desk, asked))
        await desk.done(await cancel(desk, asked))

    filters = [entry["changes"]["request"][1]["filter"] for entry in await desk.domain.audit_log("operation.started")]
    assert [said["data"] for said in filters if "data" in said] == [["ticket.requester.email"]] * 3
    assert {said["search"] for said in filters if "search" in said} == {"••••", by_id.search}
    assert canary not in str(
        [await desk.domain.rows(f"SELECT * FROM {table}") for table in ("audit_entry", "operation")]
    )


def started(matched: begin.Matched) -> str:
    """The ID of the operation."""
    assert matched.operation is not None
    return matched.operation.id


async def test_steering_takes_the_scope_manage(desk: Desk) -> None:
    caller = replace(desk.domain.caller, scopes=frozenset(Scope) - {Scope.MANAGE})

    for steer in (retry_deliveries, cancel_deliveries):
        with pytest.raises(Forbidden):
            await steer(desk.domain.resources, caller, EVERYTHING, dry_run=True)


async def test_an_unknown_event_is_not_found(desk: Desk) -> None:
    code, path, _ = await problem_of(desk, DeliveryFilter(event_id=new_id(EVENT, desk.domain.clock.now())))

    assert (code, path) == (UserErrorCode.NOT_FOUND, ("filter", "eventId"))
