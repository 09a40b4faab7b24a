"""Erases what events hold: their bodies and keys, and the requests and responses of their attempts.

Rows stay, so that counts and statistics do. An erased event keeps a body without data, which is never sent: its open
deliveries are canceled, and none of its deliveries can be retried or replayed. What a process has read already may
still be sent; what it records afterwards is emptied (`app.delivery.record`).

Named by a webhook, this concerns the deliveries to that webhook, and the events that no other webhook was meant to get.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from app.access import audit
from app.access.caller import Caller, system
from app.data_conditions import DataCondition
from app.database.batch import IDS, Dialect, among
from app.database.database import Database, Row, Statements
from app.delivery.erased import EVENT_COLUMNS, empty_deliveries, empty_events, overwriting
from app.errors import Forbidden, Problem, Rejected, UserErrorCode, not_found
from app.ids import DELIVERY, EVENT, WEBHOOK, is_id
from app.models import Operation
from app.operations.begin import begin, end_of_rows
from app.operations.checks import id_problems
from app.operations.erase_window import choose
from app.operations.kept import ERASE_DATA
from app.operations.progress import Progress, Task
from app.services import Services
from app.statuses import DeliveryStatus, OperationStatus, Scope
from app.updates.update import DeliveryRef

# An event may have thousands of deliveries.
BATCH = 100
# Rows of a window, with the body of each.
LOOKED = 1_000
# This many bodies are read within seconds, which is as long as a caller waits for the number of matches.
MAX_READ = 100_000
MAX_CONDITIONS = 20

_EVENTS = f"SELECT {EVENT_COLUMNS} FROM event WHERE id {{among}} ORDER BY id"
_ONLY_OF_WEBHOOK = f"""
SELECT {EVENT_COLUMNS} FROM event WHERE id {{among}}
  AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = event.id AND d.webhook_id <> $1)
  AND NOT EXISTS (SELECT 1 FROM missed_delivery m WHERE m.event_id = event.id AND m.webhook_id <> $1)
ORDER BY id
"""


class Asked(NamedTuple):
    """What to erase: all that is given must be true of an event. At least one must be given."""

    webhook_id: str | None = None
    event_ids: Sequence[str] | None = None
    data: Sequence[DataCondition] | None = None


class Erasing(NamedTuple):
    """Number of matches, None if it takes too long to count them; and the operation, None for a dry run."""

    matched: int | None
    operation: Operation | None


async def erase_data(services: Services, caller: Caller, asked: Asked, dry_run: bool = False) -> Erasing:
    """Erase what matching events hold, in the background. This cannot be undone.

    Args:
        dry_run: only count them.

    Returns:
        The number of events, or of those of the webhook, and the operation.

    Raises:
        Forbidden: the caller lacks ADMIN; its token is narrowed to webhooks, and none of them is named.
        Rejected: NOT_FOUND for the webhook; REQUIRED if nothing is given; TOO_MANY IDs, conditions or operations.
    """
    caller.require(Scope.ADMIN)
    _require_within(caller, asked)
    await _check(services.database, caller, asked)
    table, prefix = ("event", EVENT) if asked.webhook_id is None else ("delivery", DELIVERY)
    request: dict[str, Any] = {
        "webhookId": asked.webhook_id,
        "eventIds": None if asked.event_ids is None else list(dict.fromkeys(asked.event_ids)),
        "data": [[one.path, one.equals] for one in asked.data or ()],
        "narrowing": caller.narrowing.text,
        "before": await end_of_rows(services.database, table, prefix, caller.workspace_id, services.clock.now()),
        "erased": {},
    }
    matched = await _count(services.database, caller.workspace_id, request)
    if dry_run:
        return Erasing(matched, None)
    operation = await begin(services, caller, ERASE_DATA, request, matched or 0)
    return Erasing(matched, operation)


async def erase_batch(statements: Statements, task: Task, at: datetime) -> Progress:
    """Erase the next batch."""
    chosen = await choose(statements, task.workspace_id, task.request, task.position, LOOKED, BATCH)
    erased: dict[str, int] = dict(task.request["erased"])
    canceled: list[DeliveryRef] = []
    events = 0
    if chosen.rows:
        async with overwriting(statements):
            canceled, events = await _erase(statements, task.request["webhookId"], chosen.rows, erased, at)
    request: Mapping[str, Any] = {**task.request, "erased": erased}
    if not chosen.ended:
        return Progress(chosen.position, canceled, DeliveryStatus.CANCELED, done=events, request=request)
    changes = {name: [None, count] for name, count in sorted(erased.items())}
    await audit.record(statements, system(task.workspace_id), "data.erased", task.id, changes, at)
    return Progress(
        chosen.position,
        canceled,
        DeliveryStatus.CANCELED,
        OperationStatus.COMPLETED,
        done=events,
        request=request,
    )


def _require_within(caller: Caller, asked: Asked) -> None:
    if caller.narrowing.webhook_ids is not None and asked.webhook_id is None:
        raise Forbidden("Your token is narrowed to webhooks; name one of them as webhookId.")


async def _check(database: Database, caller: Caller, asked: Asked) -> None:
    problems = list(id_problems(asked.event_ids, "eventIds"))
    if asked.webhook_id is None and asked.event_ids is None and not asked.data:
        message = "Nothing says what to erase; give webhookId, eventIds or data."
        problems.append(Problem(message, (), UserErrorCode.REQUIRED))
    if asked.data is not None and len(asked.data) > MAX_CONDITIONS:
        message = f"There are {len(asked.data)} conditions; at most {MAX_CONDITIONS} can be given at once."
        problems.append(Problem(message, ("data",), UserErrorCode.TOO_MANY))
    if problems:
        raise Rejected(problems)
    if asked.webhook_id is not None:
        # Deleted ones, too: their deliveries are still there.
        seen = is_id(WEBHOOK, asked.webhook_id) and caller.narrowing.sees_webhook(asked.webhook_id)
        statement = "SELECT id FROM webhook WHERE id = $1 AND workspace_id = $2"
        if not seen or not await database.fetch(statement, asked.webhook_id, caller.workspace_id):
            raise not_found("webhook", asked.webhook_id, "webhookId")


async def _count(database: Database, workspace_id: str, request: Mapping[str, Any]) -> int | None:
    matched, looked, position, ended = 0, 0, None, False
    while not ended:
        if looked >= MAX_READ:
            return None
        chosen = await choose(database, workspace_id, request, position, LOOKED, LOOKED)
        matched, looked = matched + len(chosen.rows), looked + LOOKED
        position, ended = chosen.position, chosen.ended
    return matched


async def _erase(
    statements: Statements, webhook_id: str | None, rows: Sequence[Row], erased: dict[str, int], at: datetime
) -> tuple[list[DeliveryRef], int]:
    """Erase rows, and add to what was erased; return the canceled deliveries and how many rows were erased."""
    event_ids = [(row["event_id"],) for row in rows]
    column, dialect = "event_id" if webhook_id is None else "id", statements.dialect
    # Events first, as a replay locks them: it either has made its deliveries by now, or finds the mark.
    if webhook_id is None:
        events = await statements.fetch_rows(_text(_EVENTS, dialect), IDS, event_ids)
    else:
        events = await statements.fetch_rows(_text(_ONLY_OF_WEBHOOK, dialect), IDS, event_ids, webhook_id)
    await empty_events(statements, events, at, keys=True)
    emptied = await empty_deliveries(statements, column, [row["id"] for row in rows], at, keys=True)
    counts = {
        "events": len(events),
        "deliveries": emptied.deliveries,
        "canceled": len(emptied.canceled),
        "attempts": emptied.attempts,
    }
    for name, touched in counts.items():
        erased[name] = erased.get(name, 0) + touched
    return emptied.canceled, len(rows)


def _text(statement: str, dialect: Dialect) -> str:
    return statement.replace("{among}", among(dialect))
