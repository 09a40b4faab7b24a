"""Sends past events to one webhook: those it never received, or all that match it.

The webhook's patterns and filter are copied into the operation when the replay begins. Test events are left out, and so
are erased events and deliveries that are open anyway.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from app.access.caller import Caller
from app.catalogue.patterns import compile_patterns
from app.clock import rfc3339, to_micros
from app.database.batch import Columns
from app.database.database import Database, Row, Statements
from app.delivery_filter import Condition, TimeRange, in_time, not_about, of_types
from app.errors import Rejected, UserErrorCode, rejected
from app.expressions import cel
from app.ids import DELIVERY, EVENT, new_id
from app.operations.begin import Matched, begin, end_of_rows, require_few
from app.operations.checks import pattern_problems, time_problems, usable_webhook
from app.operations.progress import BATCH, Progress, Task
from app.operations.selection import counted, picked
from app.registry import Route
from app.services import Services
from app.statuses import OperationStatus, Scope, WebhookStatus
from app.updates.update import DeliveryRef

KIND = "replayEvents"
# A filter reads the whole event. A batch of large ones (256 kB each) must neither fill memory nor block the loop.
FILTERED_BATCH = 100
# Filtering this many takes a few seconds.
MAX_FILTERED = 50_000

_DELIVERIES: Columns = (
    ("id", "text"),
    ("event_id", "text"),
    ("event_type", "text"),
    ("ordering_key", "text"),
    ("missed", "bigint"),
)
_EVENTS: Columns = (("event_id", "text"),)
# Locked until the deliveries are committed, because an event without deliveries may be pruned at any moment, and any
# event may be erased. On SQLite the transaction is the only writer.
_HOLD = "SELECT e.id FROM event e JOIN {rows} AS asked ON asked.event_id = e.id WHERE e.erased_at IS NULL ORDER BY e.id"
_HOLD_IN = {"postgres": f"{_HOLD} FOR SHARE OF e", "sqlite": _HOLD}
_CHANGED = "RETURNING id, workspace_id, event_id, webhook_id, event_type"
# Locks the webhook's counter until the commit. No other transaction creates a delivery for the webhook meanwhile, so it
# is certain which ones are missing, and only those take sequence numbers.
_LOCK_COUNTER = """
INSERT INTO webhook_sequence AS counter (webhook_id, last_sequence) VALUES ($1, 0)
ON CONFLICT (webhook_id) DO UPDATE SET last_sequence = counter.last_sequence RETURNING last_sequence
"""
_INSERT = f"""
INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, ordering_key, status, trigger,
  attempt_count, retries_used, next_attempt_at, created_at, sequence)
SELECT id, $1, event_id, CAST($2 AS TEXT), event_type, false, ordering_key, 'PENDING', 'REPLAY', 0, 0, $3, $3,
  coalesce(new.missed, $4 + row_number() OVER (PARTITION BY new.missed IS NULL ORDER BY new.event_id))
FROM {{rows}} AS new
WHERE NOT EXISTS (SELECT 1 FROM delivery d WHERE d.event_id = new.event_id AND d.webhook_id = CAST($2 AS TEXT))
{_CHANGED}
"""
# What the webhook missed while it was DISABLED has its place already.
_TAKE_MISSED = """
DELETE FROM missed_delivery WHERE webhook_id = $1 AND event_id IN (SELECT asked.event_id FROM {rows} AS asked)
RETURNING event_id, sequence
"""
_MOVE_COUNTER = "UPDATE webhook_sequence SET last_sequence = $2 WHERE webhook_id = $1"
_REOPEN = """
UPDATE delivery SET status = 'PENDING', trigger = 'REPLAY', retries_used = 0, next_attempt_at = $3, completed_at = NULL
FROM {rows} AS asked WHERE delivery.event_id = asked.event_id AND delivery.webhook_id = $2
  AND delivery.workspace_id = $1 AND delivery.status IN ('SUCCEEDED', 'FAILED', 'CANCELED')
  AND delivery.erased_at IS NULL
RETURNING delivery.id, workspace_id, delivery.event_id, webhook_id, delivery.event_type
"""


async def replay_events(
    services: Services,
    caller: Caller,
    webhook_id: str,
    time: TimeRange,
    event_types: Sequence[str] | None = None,
    only_missing: bool = True,
    dry_run: bool = False,
) -> Matched:
    """Send past events to a webhook that selects them.

    Args:
        time: when they were published.
        event_types: only events that one of these names and patterns matches too.
        only_missing: leave out events that the webhook has a delivery of; otherwise a finished delivery starts over.
        dry_run: only count them.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND for the webhook, CONFLICT if it is disabled; all problems of time and event types; TOO_MANY
            events or running operations.
    """
    caller.require(Scope.MANAGE)
    problems = [*pattern_problems(event_types, "eventTypes"), *time_problems(time, "time")]
    if problems:
        raise Rejected(problems)
    webhook = await usable_webhook(services.database, caller, webhook_id, "webhookId")
    since, until = (None if at is None else rfc3339(at) for at in (time.since, time.until))
    request = {
        "webhookId": webhook_id,
        "time": {"since": since, "until": until},
        "eventTypes": None if event_types is None else list(event_types),
        "onlyMissing": only_missing,
        "webhookEventTypes": webhook.event_types,
        "filter": webhook.filter_expression,
        "before": await end_of_rows(services.database, "event", EVENT, caller.workspace_id, services.clock.now()),
    }
    if caller.narrowing.event_types is not None:
        request["seenEventTypes"] = list(caller.narrowing.event_types)
    matched = await _count(services.database, caller.workspace_id, request)
    if dry_run:
        return Matched(matched, None)
    return Matched(matched, await begin(services, caller, KIND, request, matched))


async def replay_batch(statements: Statements, task: Task, at: datetime) -> Progress:
    """Do the next batch of a replay."""
    request = task.request
    webhook = await statements.fetch_one("SELECT status, deleted_at FROM webhook WHERE id = $1", request["webhookId"])
    if webhook is None or webhook["deleted_at"] is not None or webhook["status"] == WebhookStatus.DISABLED:
        return Progress(task.position, status=OperationStatus.FAILED)
    limit = BATCH if request["filter"] is None else FILTERED_BATCH
    events = await _pick(statements, task.workspace_id, request, task.position, limit)
    if not events:
        return Progress(task.position, status=OperationStatus.COMPLETED)
    deliveries = await _queue(statements, task.workspace_id, request, _wanted(request, events), at)
    status = OperationStatus.RUNNING if len(events) == limit else OperationStatus.COMPLETED
    return Progress(events[-1]["id"], deliveries, status=status)


def _conditions(workspace_id: str, request: Mapping[str, Any], position: str | None) -> list[Condition]:
    """Conditions for the rows of `event e`, without the webhook's filter."""
    on_its_way = "" if request["onlyMissing"] else " AND d.status IN ('PENDING', 'RETRYING')"
    queued = f"SELECT 1 FROM delivery d WHERE d.event_id = e.id AND d.webhook_id = ?{on_its_way}"
    since, until = request["time"]["since"], request["time"]["until"]
    time = TimeRange(since and datetime.fromisoformat(since), until and datetime.fromisoformat(until))
    found: list[Condition] = [
        ("workspace_id = ?", (workspace_id,)),
        ("NOT test", ()),
        ("erased_at IS NULL", ()),
        of_types("type", request["webhookEventTypes"]),
        not_about(request["webhookId"]),
        *in_time(EVENT, time),
        ("id < ?", (request["before"],)),
        (f"NOT EXISTS ({queued})", (request["webhookId"],)),
    ]
    if request["eventTypes"] is not None:
        found.append(of_types("type", request["eventTypes"]))
    if request.get("seenEventTypes") is not None:
        found.append(of_types("type", request["seenEventTypes"]))
    if position is not None:
        found.append(("id > ?", (position,)))
    return found


async def _count(database: Database, workspace_id: str, request: Mapping[str, Any]) -> int:
    if request["filter"] is not None:
        return await _count_filtered(database, workspace_id, request)
    text, values = counted("event e", [_conditions(workspace_id, request, None)], by="workspace_id")
    matched = sum([int(row["matched"]) for row in await database.fetch(text, *values)])
    require_few(matched, "events", "time")
    return matched


async def _count_filtered(database: Database, workspace_id: str, request: Mapping[str, Any]) -> int:
    matched, read, position = 0, 0, None
    while events := await _pick(database, workspace_id, request, position, FILTERED_BATCH):
        read += len(events)
        if read > MAX_FILTERED:
            message = (
                f"The webhook has a filter, and more than {MAX_FILTERED} events would have to be read to ask it; narrow"
                " down the time, and replay in several parts."
            )
            raise rejected(UserErrorCode.TOO_MANY, message, "time")
        matched += len(_wanted(request, events))
        position = events[-1]["id"]
    return matched


async def _pick(
    statements: Statements, workspace_id: str, request: Mapping[str, Any], position: str | None, limit: int
) -> list[Row]:
    columns = "id, type, ordering_key" if request["filter"] is None else "id, type, ordering_key, body"
    text, values = picked("event e", columns, [_conditions(workspace_id, request, position)], limit)
    return await statements.fetch(text, *values)


def _wanted(request: Mapping[str, Any], events: Sequence[Row]) -> list[Row]:
    """The events that the filter matches."""
    if request["filter"] is None:
        return list(events)
    matcher = compile_patterns(request["webhookEventTypes"])
    route = Route(request["webhookId"], matcher, cel.compile(request["filter"]), active=True)
    return [event for event in events if _wants(route, event)]


def _wants(route: Route, event: Row) -> bool:
    try:
        return route.wants(event["type"], orjson.loads(event["body"]))
    except orjson.JSONDecodeError:
        return False  # A row that somebody changed in the database does not affect the others.


async def _queue(
    statements: Statements, workspace_id: str, request: Mapping[str, Any], events: Sequence[Row], at: datetime
) -> list[DeliveryRef]:
    """Create the missing deliveries and restart the finished ones; return both."""
    if not events:
        return []
    held = await statements.fetch_rows(_HOLD_IN[statements.dialect], _EVENTS, [(event["id"],) for event in events])
    still_there = {row["id"] for row in held}
    events = [event for event in events if event["id"] in still_there]
    to_webhook = (workspace_id, request["webhookId"], to_micros(at))
    ids = [(event["id"],) for event in events]
    counter = await statements.fetch(_LOCK_COUNTER, request["webhookId"])
    taken = await statements.fetch_rows(_TAKE_MISSED, _EVENTS, ids, request["webhookId"])
    missed = {row["event_id"]: row["sequence"] for row in taken}
    new = [
        (new_id(DELIVERY, at), event["id"], event["type"], event["ordering_key"], missed.get(event["id"]))
        for event in events
    ]
    made = await statements.fetch_rows(_INSERT, _DELIVERIES, new, *to_webhook, counter[0]["last_sequence"])
    await statements.execute(_MOVE_COUNTER, request["webhookId"], counter[0]["last_sequence"] + len(made) - len(missed))
    if not request["onlyMissing"]:
        made += await statements.fetch_rows(_REOPEN, _EVENTS, ids, *to_webhook)
    return [DeliveryRef.of(row) for row in made]
