"""The rows that publishing writes: events, and the deliveries that each begins with."""

from collections.abc import Sequence
from typing import NamedTuple

from app.clock import Micros
from app.database.batch import Columns
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
_INSERT_DELIVERIES = (
    "INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, ordering_key, status, trigger,"
    " attempt_count, retries_used, next_attempt_at, claimed_by, created_at)"
    " SELECT new.id, new.workspace_id, new.event_id, new.webhook_id, new.event_type, new.test, new.ordering_key,"
    " 'PENDING', new.trigger, 0, 0, new.created_at, new.claimed_by, new.created_at FROM {rows} AS new"
)


class EventRow(NamedTuple):
    """A row of `event`, in the order of its insert."""

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
        )


class DeliveryRow(NamedTuple):
    """A new row of `delivery`, in the order of its insert: PENDING, and due when it is created.

    `claimed_by` is the worker that holds it already, if one does. `created_at` is in microseconds since the epoch.
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


def inserts(events: Sequence[EventRow], deliveries: Sequence[DeliveryRow]) -> list[Write]:
    """What writes these rows, without a statement for none."""
    writes: tuple[Write, ...] = (_INSERT_EVENTS, _EVENTS, events), (_INSERT_DELIVERIES, _DELIVERIES, deliveries)
    return [write for write in writes if write[2]]


async def insert(statements: Statements, events: Sequence[EventRow], deliveries: Sequence[DeliveryRow]) -> None:
    """Insert events and their deliveries."""
    for write in inserts(events, deliveries):
        await statements.write_rows(*write)
