"""On both databases: operations survive whatever happens to the process that works on them."""

import asyncio
from datetime import datetime

import pytest
from structlog.testing import capture_logs

from app.database.database import Statements
from app.database.errors import DatabaseUnavailable
from app.delivery_filter import DeliveryFilter
from app.errors import Rejected
from app.operations import bulk, run
from app.operations.begin import Matched
from app.operations.bulk import cancel_deliveries, retry_deliveries
from app.operations.cancel import cancel_operation
from app.operations.progress import Progress, Task
from app.operations.run import run_batches, run_due_operations
from app.resources import Resources, open_resources
from app.statuses import OperationStatus
from app.updates.update import Topic
from tests.app.operations.desk import Desk


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)


async def began(desk: Desk, count: int = 5) -> Matched:
    """A cancellation of this many deliveries."""
    await desk.webhook()
    await desk.publish(count)
    return await cancel_deliveries(desk.domain.resources, desk.domain.caller, DeliveryFilter())


async def let_lease_end(desk: Desk, but: Resources) -> None:
    """Move the clock past the lease of this process, which was killed; the other one keeps its lease."""
    desk.domain.clock.advance(but.settings.lease_seconds + 1)
    await but.lease.renew()


async def test_another_process_goes_on_where_a_killed_one_was(desk: Desk) -> None:
    matched = await began(desk)
    await run_batches(desk.domain.resources, desk.domain.resources.lease)
    settings = desk.domain.resources.settings

    async with open_resources(settings, send_wake_up=len, clock=desk.domain.clock) as successor:
        too_early = await run_due_operations(successor, successor.lease)
        await let_lease_end(desk, successor)
        batches = await run_due_operations(successor, successor.lease)
    operation = await desk.operation(matched)

    assert (too_early, batches) == (0, 2)
    assert (operation.status, operation.done) == (OperationStatus.COMPLETED, 5)
    assert await desk.statuses() == ["CANCELED"] * 5


async def test_a_process_that_lost_its_lease_leaves_the_batch_undone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    matched = await began(desk)
    cancel_batch = run._BATCHES[bulk.CANCEL.kind]

    async def losing_batch(statements: Statements, task: Task, at: datetime) -> Progress:
        progress = await cancel_batch(statements, task, at)
        await statements.execute("UPDATE operation SET claimed_by = 'another'")
        return progress

    monkeypatch.setattr(run, "_BATCHES", {bulk.CANCEL.kind: losing_batch})
    with capture_logs() as logs:
        await run_batches(desk.domain.resources, desk.domain.resources.lease)
    operation = await desk.operation(matched)

    assert [entry["event"] for entry in logs] == ["operation.lost"]
    assert (operation.done, operation.position, operation.status) == (0, None, OperationStatus.RUNNING)
    assert set(await desk.statuses()) == {"PENDING"}


async def test_a_process_without_a_lease_claims_nothing(desk: Desk) -> None:
    await began(desk)
    desk.domain.clock.advance(desk.domain.resources.settings.lease_seconds)

    assert await run_batches(desk.domain.resources, desk.domain.resources.lease) == 0


async def test_operations_take_turns(desk: Desk) -> None:
    first = await began(desk, 6)
    second = await retry_deliveries(desk.domain.resources, desk.domain.caller, DeliveryFilter())
    third = await cancel_deliveries(desk.domain.resources, desk.domain.stranger, DeliveryFilter())

    assert await run_batches(desk.domain.resources, desk.domain.resources.lease) == 3
    assert (await desk.operation(first)).done == 2
    assert (await desk.operation(second)).done == 2  # canceled by the first operation before
    assert (await desk.operation(third)).status is OperationStatus.COMPLETED


async def test_two_processes_never_do_a_batch_twice(desk: Desk) -> None:
    matched = await began(desk, 9)
    settings = desk.domain.resources.settings

    async with open_resources(settings, send_wake_up=len, clock=desk.domain.clock) as other:
        batches = await asyncio.gather(
            run_due_operations(desk.domain.resources, desk.domain.resources.lease),
            run_due_operations(other, other.lease),
        )
        operation = await desk.operation(matched)

    assert sum(batches) == 5
    assert (operation.done, operation.status) == (9, OperationStatus.COMPLETED)


async def test_a_fault_of_our_own_ends_the_operation_and_is_logged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    matched = await began(desk)

    async def broken_batch(statements: Statements, task: Task, at: datetime) -> Progress:
        await statements.execute("UPDATE delivery SET status = 'FAILED'")
        raise ZeroDivisionError

    monkeypatch.setattr(run, "_BATCHES", {bulk.CANCEL.kind: broken_batch})
    with capture_logs() as logs:
        async with desk.domain.announced(Topic.OPERATIONS, 1) as updates:
            operation = await desk.done(matched)

    assert operation.status is OperationStatus.FAILED
    assert operation.completed_at == desk.domain.clock.now()
    assert [(entry["event"], entry["operation_id"]) for entry in logs] == [("operation.failed", operation.id)]
    assert [update.status for update in updates] == ["FAILED"]
    assert set(await desk.statuses()) == {"PENDING"}


async def test_an_operation_goes_on_after_the_database_was_away(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    matched = await began(desk)
    cancel_batch = run._BATCHES[bulk.CANCEL.kind]
    away = [True]

    async def batch(statements: Statements, task: Task, at: datetime) -> Progress:
        if away.pop():
            raise DatabaseUnavailable("The database does not answer.")
        away.append(False)
        return await cancel_batch(statements, task, at)

    monkeypatch.setattr(run, "_BATCHES", {bulk.CANCEL.kind: batch})
    with pytest.raises(DatabaseUnavailable):
        await run_due_operations(desk.domain.resources, desk.domain.resources.lease)
    away.append(False)

    assert (await desk.done(matched)).done == 5


async def test_an_operation_that_is_canceled_keeps_what_it_did_and_does_no_more(desk: Desk) -> None:
    matched = await began(desk)
    resources, caller = desk.domain.resources, desk.domain.caller
    await run_batches(resources, resources.lease)
    assert matched.operation is not None

    async with desk.domain.announced(Topic.OPERATIONS, 1) as updates:
        canceled = await cancel_operation(resources, caller, matched.operation.id)
    again = await cancel_operation(resources, caller, matched.operation.id)
    batches = await run_due_operations(resources, resources.lease)

    assert (canceled.status, canceled.done, batches) == (OperationStatus.CANCELED, 2, 0)
    assert again.completed_at == canceled.completed_at == desk.domain.clock.now()
    assert [update.status for update in updates] == ["CANCELED"]
    assert sorted(await desk.statuses()) == ["CANCELED"] * 2 + ["PENDING"] * 3
    assert len(await desk.domain.audit_log("operation.canceled")) == 1


async def test_a_batch_whose_operation_is_canceled_meanwhile_is_undone(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    matched = await began(desk)
    cancel_batch = run._BATCHES[bulk.CANCEL.kind]

    async def batch(statements: Statements, task: Task, at: datetime) -> Progress:
        progress = await cancel_batch(statements, task, at)
        assert matched.operation is not None
        await statements.execute("UPDATE operation SET status = 'CANCELED' WHERE id = $1", matched.operation.id)
        return progress

    monkeypatch.setattr(run, "_BATCHES", {bulk.CANCEL.kind: batch})
    await run_batches(desk.domain.resources, desk.domain.resources.lease)

    assert set(await desk.statuses()) == {"PENDING"}


async def test_an_operation_that_has_ended_or_is_anothers_is_not_canceled(desk: Desk) -> None:
    matched = await began(desk)
    await desk.done(matched)
    assert matched.operation is not None

    for caller, said in ((desk.domain.caller, "is COMPLETED already"), (desk.domain.stranger, "No operation has")):
        with pytest.raises(Rejected, match=said):
            await cancel_operation(desk.domain.resources, caller, matched.operation.id)
