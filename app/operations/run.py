"""Runs operations, a batch of each in turn: claim, work, write the progress, announce.

An operation is claimed as a delivery is (docs/adr/0003): its row names the worker, and it is free again when that
worker's lease has ended. The batch and its progress are one transaction, which commits only if this worker still holds
the operation.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TypeAlias

import orjson
import structlog

from app.clock import to_micros
from app.database.database import Row, Statements
from app.database.errors import DatabaseUnavailable
from app.delivery.lease import Lease
from app.operations import bulk, erase, replay
from app.operations.begin import announce
from app.operations.kept import ERASE_DATA, kept_of
from app.operations.progress import Progress, Task
from app.services import Services
from app.statuses import OperationStatus
from app.updates.update import Topic, delivery_changed

log = structlog.get_logger()

# Operations that one process works on at a time; other processes take the rest.
MAX_HELD = 10

_Batch: TypeAlias = Callable[[Statements, Task, datetime], Awaitable[Progress]]
_BATCHES: Mapping[str, _Batch] = {
    bulk.RETRY.kind: partial(bulk.change_batch, bulk.RETRY),
    bulk.CANCEL.kind: partial(bulk.change_batch, bulk.CANCEL),
    replay.KIND: replay.replay_batch,
    ERASE_DATA: erase.erase_batch,
}

_FREE = (
    "status = 'RUNNING' AND (claimed_by IS NULL OR claimed_by NOT IN (SELECT id FROM worker WHERE lease_until > $2))"
)
_CLAIM = f"""
UPDATE operation SET claimed_by = $1
WHERE id IN (SELECT id FROM operation WHERE {_FREE} ORDER BY id LIMIT {MAX_HELD}) AND {_FREE}
  AND EXISTS (SELECT 1 FROM worker WHERE id = $1 AND lease_until > $2)
"""
_HELD = (
    "SELECT id, workspace_id, kind, request, position, claimed_by FROM operation"
    f" WHERE status = 'RUNNING' AND claimed_by = $1 ORDER BY id LIMIT {MAX_HELD}"
)
_MOVE = """
UPDATE operation SET position = $3, done = done + $4, status = $5, completed_at = $6, request = coalesce($7, request),
  matched = CASE WHEN matched < done + $4 THEN done + $4 ELSE matched END
WHERE id = $1 AND claimed_by = $2 AND status = 'RUNNING' RETURNING id
"""


class _Lost(Exception):
    """Another process holds the operation now; this one's part of the batch is rolled back."""


async def run_due_operations(services: Services, lease: Lease) -> int:
    """Work on all running operations until none is left; periodic. Return how many batches were done."""
    batches = 0
    while done := await run_batches(services, lease):
        batches += done
    return batches


async def run_batches(services: Services, lease: Lease) -> int:
    """Do one batch of each operation that this process holds or finds free; return how many."""
    worker_id = lease.worker_id
    await services.database.execute(_CLAIM, worker_id, to_micros(services.clock.now()))
    held = await services.database.fetch(_HELD, worker_id)
    for row in held:
        try:
            await _run_batch(services, row)
        except _Lost:
            log.info("operation.lost", operation_id=row["id"])
        except DatabaseUnavailable:
            raise  # the database is away, or two transactions deadlocked: the next round tries again
        except Exception:
            log.exception("operation.failed", operation_id=row["id"], kind=row["kind"])
            failed = Progress(row["position"], status=OperationStatus.FAILED)
            await _write_down(services.database, row, failed, services.clock.now())
            announce(services, row["workspace_id"], row["id"], failed.status)
    return len(held)


async def _run_batch(services: Services, row: Row) -> None:
    at = services.clock.now()
    task = Task(row["workspace_id"], orjson.loads(row["request"]), row["position"], row["id"])
    async with services.database.transaction() as statements:
        progress = await _BATCHES[row["kind"]](statements, task, at)
        if not await _write_down(statements, row, progress, at):
            raise _Lost
    updates = [delivery_changed(delivery, to_micros(at), progress.became) for delivery in progress.deliveries]
    services.updates.announce(Topic.DELIVERIES, updates)
    services.waker.wake(dict.fromkeys(delivery.webhook_id for delivery in progress.deliveries))
    announce(services, task.workspace_id, row["id"], progress.status)
    if progress.status is not OperationStatus.RUNNING:
        log.info("operation.ended", operation_id=row["id"], kind=row["kind"], status=progress.status)
    if row["kind"] == ERASE_DATA and progress.status is OperationStatus.COMPLETED:
        await services.database.empty_log()


async def _write_down(statements: Statements, row: Row, progress: Progress, at: datetime) -> bool:
    """Write an operation's progress; return False if another process holds it."""
    completed_at, request = None, progress.request
    if progress.status is not OperationStatus.RUNNING:
        completed_at = to_micros(at)
        request = kept_of(row["kind"], orjson.loads(row["request"]) if request is None else request)
    done = len(progress.deliveries) if progress.done is None else progress.done
    said = None if request is None else orjson.dumps(request).decode()
    return bool(
        await statements.fetch(
            _MOVE, row["id"], row["claimed_by"], progress.position, done, progress.status, completed_at, said
        )
    )
