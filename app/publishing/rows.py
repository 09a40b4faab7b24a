"""The rows that publishing writes: events, and the deliveries that each begins with."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from app.clock import Micros
from app.database.batch import Columns, Dialect
from app.database.statements import Statements, Write
from app.publishing.draft import PreparedEvent

_EVENTS: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("type", "text"),
    ("occurred_at", "bigint"),
    ("created_at", "bigint"),
    ("body", "text"),
    ("test", "boolean"),
    ("idempotency_key", "text"),
    ("digest", "text"),
    ("ordering_key", "text"),
    ("trace", "text"),
)
_DELIVERIES: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("event_id", "text"),
    ("webhook_id", "text"),
    ("event_type", "text"),
    ("test", "boolean"),
    ("ordering_key", "text"),
    ("trigger", "text"),
    ("created_at", "bigint"),
    ("claimed_by", "text"),
)
_EVENT_COLUMNS = ", ".join(name for name, _ in _EVENTS)
_NEW_EVENT = ", ".join(f"new.{name}" for name, _ in _EVENTS)
_INSERT_EVENTS = f"INSERT INTO event ({_EVENT_COLUMNS}) SELECT {_NEW_EVENT} FROM {{rows}} AS new"
_DELIVERY_COLUMNS = ", ".join(name for name, _ in _DELIVERIES)
_NEW_DELIVERY = ", ".join(f"new.{name}" for name, _ in _DELIVERIES)
_INSERT_DELIVERIES = (
    f"INSERT INTO delivery ({_DELIVERY_COLUMNS}, status, attempt_count, retries_used, next_attempt_at, sequence)"
    f" SELECT {_NEW_DELIVERY}, 'PENDING', 0, 0, new.created_at, {{sequence}} FROM {{rows}} AS new"
)
_INSERT_TEST = _INSERT_DELIVERIES.replace("{sequence}", "NULL")

# A transaction takes sequence numbers from the counters of all its webhooks, in the order of their IDs so that two
# transactions cannot deadlock. Others wait for its counters until it commits, so sequence numbers follow the order of
# commits, and a rollback leaves no gap. `behind` is how many of its deliveries follow on the same webhook.
_COUNTERS: Columns = (("webhook_id", "text"), ("deliveries", "bigint"))
_NUMBERED: Columns = (*_DELIVERIES, ("behind", "bigint"))
_COUNT = (
    "INSERT INTO webhook_sequence AS counter (webhook_id, last_sequence)"
    " SELECT new.webhook_id, new.deliveries FROM {rows} AS new WHERE true"
    " ON CONFLICT (webhook_id) DO UPDATE SET last_sequence = counter.last_sequence + excluded.last_sequence"
)
_LAST = "(SELECT c.last_sequence FROM webhook_sequence c WHERE c.webhook_id = new.webhook_id)"
_COUNT_IN: dict[Dialect, str] = {
    # Both are parts of one statement. One part does not see what the other has written, only what it returns.
    "postgres": f"{_COUNT} RETURNING webhook_id, last_sequence",
    "sqlite": _COUNT,
}
_JOIN_COUNTED = " JOIN {previous} AS counted ON counted.webhook_id = new.webhook_id"
_INSERT_NUMBERED_IN: dict[Dialect, str] = {
    "postgres": _INSERT_DELIVERIES.replace("{sequence}", "counted.last_sequence - new.behind") + _JOIN_COUNTED,
    "sqlite": _INSERT_DELIVERIES.replace("{sequence}", f"{_LAST} - new.behind"),
}

_MISSED: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("webhook_id", "text"),
    ("event_id", "text"),
    ("created_at", "bigint"),
)
_NUMBERED_MISSED: Columns = (*_MISSED, ("behind", "bigint"))
_INSERT_MISSED = (
    f"INSERT INTO missed_delivery ({', '.join(name for name, _ in _MISSED)}, sequence)"
    f" SELECT {', '.join(f'new.{name}' for name, _ in _MISSED)}, {{sequence}} FROM {{rows}} AS new"
)
_INSERT_MISSED_IN: dict[Dialect, str] = {
    "postgres": _INSERT_MISSED.replace("{sequence}", "counted.last_sequence - new.behind") + _JOIN_COUNTED,
    "sqlite": _INSERT_MISSED.replace("{sequence}", f"{_LAST} - new.behind"),
}


class EventRow(NamedTuple):
    """A row of `event`, in the column order of its insert. `trace` is a packed `TraceContext`."""

    id: str
    workspace_id: str
    type: str
    occurred_at: Micros
    created_at: Micros
    body: str
    test: bool
    idempotency_key: str | None
    digest: str | None
    ordering_key: str | None
    trace: str | None

    @classmethod
    def of(cls, workspace_id: str, event: PreparedEvent) -> "EventRow":
        """The row of a prepared event."""
        return cls(
            id=event.id,
            workspace_id=workspace_id,
            type=event.type,
            occurred_at=event.occurred_at,
            created_at=event.created_at,
            body=event.body,
            test=event.test,
            idempotency_key=event.idempotency_key,
            digest=event.digest,
            ordering_key=event.ordering_key,
            trace=event.trace,
        )


class DeliveryRow(NamedTuple):
    """A new row of `delivery`, in the column order of its insert: PENDING, and due when it is created.

    `claimed_by` is the worker that already holds it, if any. `created_at` is in microseconds since the epoch.
    """

    id: str
    workspace_id: str
    event_id: str
    webhook_id: str
    event_type: str
    test: bool
    ordering_key: str | None
    trigger: str
    created_at: Micros
    claimed_by: str | None


class MissedRow(NamedTuple):
    """A new row of `missed_delivery`, in the column order of its insert."""

    id: str
    workspace_id: str
    webhook_id: str
    event_id: str
    created_at: Micros


def inserts(dialect: Dialect, events: Sequence[EventRow], deliveries: Sequence[DeliveryRow]) -> list[Write]:
    """The statements that write these rows, if any; deliveries of a webhook get their sequence numbers in this
    order.
    """
    counters, numbered = _numbered(deliveries)
    writes: tuple[Write, ...] = (
        (_INSERT_EVENTS, _EVENTS, events),
        (_COUNT_IN[dialect], _COUNTERS, counters),
        (_INSERT_NUMBERED_IN[dialect], _NUMBERED, numbered),
    )
    return [write for write in writes if write[2]]


def missed_inserts(dialect: Dialect, missed: Sequence[MissedRow]) -> list[Write]:
    """The statements that write what DISABLED webhooks miss; each gets its sequence number as a delivery would."""
    counters, numbered = _numbered(missed)
    return [(_COUNT_IN[dialect], _COUNTERS, counters), (_INSERT_MISSED_IN[dialect], _NUMBERED_MISSED, numbered)]


def _numbered(
    rows: Sequence[DeliveryRow] | Sequence[MissedRow],
) -> tuple[list[tuple[str, int]], list[tuple[object, ...]]]:
    """The number of rows of each webhook, by ID; and the rows, each with how many of its webhook follow it."""
    left = Counter([row.webhook_id for row in rows])
    counters = sorted(left.items())
    numbered: list[tuple[object, ...]] = []
    for row in rows:
        left[row.webhook_id] -= 1
        numbered.append((*row, left[row.webhook_id]))
    return counters, numbered


async def insert_test(statements: Statements, event: EventRow, delivery: DeliveryRow) -> None:
    """Insert a test event and its delivery, which has no sequence number."""
    await statements.write_rows(_INSERT_EVENTS, _EVENTS, [event])
    await statements.write_rows(_INSERT_TEST, _DELIVERIES, [delivery])
