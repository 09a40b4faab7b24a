"""Retries or cancels many deliveries: applies `app.operations.one_delivery`'s change to every match of a filter.

Tests are left alone, and so are deliveries of a deleted or disabled webhook. Deliveries that are created or change
their status meanwhile are taken as they are when their turn comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.access.caller import Caller
from app.access.narrowing import Narrowing
from app.clock import to_micros
from app.database.batch import IDS
from app.database.database import Database, Statements
from app.delivery_filter import DeliveryFilter
from app.errors import Problem, Rejected, UserErrorCode, rejected
from app.ids import DELIVERY
from app.operations.begin import Matched, begin, end_of_rows
from app.operations.checks import (
    id_problems,
    known_webhook,
    pattern_problems,
    require_event,
    time_problems,
    usable_webhook,
)
from app.operations.kept import CANCEL_DELIVERIES, RETRY_DELIVERIES
from app.operations.progress import BATCH, Progress, Task
from app.operations.stored_filter import from_json, to_json
from app.operations.windows import choose, count_by_webhook
from app.problems.acknowledge import find_problem
from app.services import Services
from app.statuses import DeliveryStatus, OperationStatus, Scope
from app.updates.update import DeliveryRef

_CHANGED = "RETURNING delivery.id, workspace_id, event_id, webhook_id, event_type"
# A delivery that is being sent right now is left to that attempt.
_RETRY = f"""
UPDATE delivery SET status = 'PENDING', trigger = 'MANUAL', retries_used = 0, next_attempt_at = $1, completed_at = NULL
FROM {{rows}} AS chosen WHERE delivery.id = chosen.id AND status IN ({{statuses}}) AND claimed_by IS NULL
  AND EXISTS (SELECT 1 FROM webhook w WHERE w.id = webhook_id AND w.deleted_at IS NULL AND w.status <> 'DISABLED')
  AND erased_at IS NULL
{_CHANGED}
"""
# A process that is sending one of them now records the attempt but no longer changes the delivery.
_CANCEL = f"""
UPDATE delivery SET status = 'CANCELED', next_attempt_at = NULL, claimed_by = NULL, completed_at = $1
FROM {{rows}} AS chosen WHERE delivery.id = chosen.id AND status IN ({{statuses}}) {_CHANGED}
"""

_USABLE = "SELECT id FROM webhook WHERE workspace_id = $1 AND deleted_at IS NULL AND status <> 'DISABLED'"


@dataclass(frozen=True, slots=True)
class BulkChange:
    """What is done to deliveries. `usual` statuses apply if a filter names none; `possible` are all that it may
    name.
    """

    kind: str
    done: str
    statement: str
    became: DeliveryStatus
    usual: tuple[DeliveryStatus, ...]
    possible: tuple[DeliveryStatus, ...]
    to_usable_webhooks: bool


_RETRYABLE = (DeliveryStatus.FAILED, DeliveryStatus.CANCELED, DeliveryStatus.RETRYING)
_OPEN = (DeliveryStatus.PENDING, DeliveryStatus.RETRYING)
RETRY = BulkChange(
    kind=RETRY_DELIVERIES,
    done="retried",
    statement=_RETRY,
    became=DeliveryStatus.PENDING,
    usual=_RETRYABLE,
    possible=(*_RETRYABLE, DeliveryStatus.SUCCEEDED),
    to_usable_webhooks=True,
)
CANCEL = BulkChange(
    kind=CANCEL_DELIVERIES,
    done="canceled",
    statement=_CANCEL,
    became=DeliveryStatus.CANCELED,
    usual=_OPEN,
    possible=_OPEN,
    to_usable_webhooks=False,
)


async def retry_deliveries(
    services: Services,
    caller: Caller,
    asked: DeliveryFilter | None,
    dry_run: bool = False,
    *,
    problem_id: str | None = None,
) -> Matched:
    """Make the deliveries that match a filter, or those that a problem affects, due now and restart their retry
    schedules. SUCCEEDED ones are included only if the filter names that status.

    Args:
        dry_run: only count them.
        problem_id: instead of a filter.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND for the webhook, the event or the problem; CONFLICT for a disabled webhook; all problems of
            the filter; TOO_MANY deliveries, events to read or running operations; INVALID or REQUIRED if not exactly
            one of filter and problem is given.
    """
    caller.require(Scope.MANAGE)
    if problem_id is not None:
        if asked is not None:
            message = "Both filter and problemId are given; give one of them."
            raise rejected(UserErrorCode.INVALID, message, "problemId")
        problem = await find_problem(services.database, caller, problem_id, "problemId")
        await usable_webhook(services.database, caller, problem.webhook_id, "problemId")
        asked = DeliveryFilter(problem_id=problem_id)
    if asked is None:
        message = "Neither filter nor problemId is given; select the deliveries with one of them."
        raise rejected(UserErrorCode.REQUIRED, message, "filter")
    return await _begin(services, caller, RETRY, asked, dry_run)


async def cancel_deliveries(
    services: Services, caller: Caller, asked: DeliveryFilter, dry_run: bool = False
) -> Matched:
    """Cancel the open deliveries that match a filter.

    Args:
        dry_run: only count them.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: as with `retry_deliveries`, except that the webhook may be disabled.
    """
    return await _begin(services, caller, CANCEL, asked, dry_run)


async def change_batch(change: BulkChange, statements: Statements, task: Task, at: datetime) -> Progress:
    """Do the next batch of an operation."""
    asked = from_json(task.request["filter"])
    narrowing = Narrowing.of_text(task.request.get("narrowing"))
    before = task.request["before"]
    chosen = await choose(statements, task.workspace_id, asked, before, task.position, BATCH, narrowing)
    status = OperationStatus.COMPLETED if chosen.ended else OperationStatus.RUNNING
    if not chosen.ids:
        return Progress(chosen.position, status=status)
    statement = change.statement.replace("{statuses}", ", ".join(f"'{status}'" for status in asked.statuses or ()))
    changed = await statements.fetch_rows(statement, IDS, [(id_,) for id_ in chosen.ids], to_micros(at))
    return Progress(chosen.position, [DeliveryRef.of(row) for row in changed], change.became, status)


async def _begin(
    services: Services, caller: Caller, change: BulkChange, asked: DeliveryFilter, dry_run: bool
) -> Matched:
    caller.require(Scope.MANAGE)
    await _check(services.database, caller, change, asked)
    meant = _meant(change, asked)
    before = await end_of_rows(services.database, "delivery", DELIVERY, caller.workspace_id, services.clock.now())
    by_webhook = await count_by_webhook(services.database, caller.workspace_id, meant, before, caller.narrowing)
    matched = await _matched(services.database, caller, change, by_webhook)
    if dry_run:
        return Matched(matched, None)
    request = {"filter": to_json(meant), "before": before}
    if caller.narrowing.text is not None:
        request["narrowing"] = caller.narrowing.text
    return Matched(matched, await begin(services, caller, change.kind, request, matched))


async def _check(database: Database, caller: Caller, change: BulkChange, asked: DeliveryFilter) -> None:
    problems = [
        *pattern_problems(asked.event_types, "filter", "eventTypes"),
        *id_problems(asked.ids, "filter", "ids"),
        *time_problems(asked.time, "filter", "time"),
    ]
    if asked.statuses and not set(asked.statuses) & set(change.possible):
        message = (
            f"Deliveries that are {' or '.join(asked.statuses)} cannot be {change.done}; name some of"
            f" {', '.join(change.possible)}."
        )
        problems.append(Problem(message, ("filter", "statuses"), UserErrorCode.INVALID))
    if problems:
        raise Rejected(problems)
    if asked.webhook_id is not None:
        find = usable_webhook if change.to_usable_webhooks else known_webhook
        await find(database, caller, asked.webhook_id, "filter", "webhookId")
    if asked.event_id is not None:
        await require_event(database, caller, asked.event_id, "filter", "eventId")


def _meant(change: BulkChange, asked: DeliveryFilter) -> DeliveryFilter:
    """The filter, limited to the statuses that can be changed this way."""
    if asked.statuses is None:
        return replace(asked, statuses=change.usual)
    return replace(asked, statuses=[status for status in change.possible if status in asked.statuses])


async def _matched(database: Database, caller: Caller, change: BulkChange, by_webhook: Mapping[str, int]) -> int:
    """How many of them the change will reach."""
    if not change.to_usable_webhooks:
        return sum(by_webhook.values())
    usable = {row["id"] for row in await database.fetch(_USABLE, caller.workspace_id)}
    return sum(count for webhook_id, count in by_webhook.items() if webhook_id in usable)
