"""Types of the rows that the API does not read as models: one type for each table, with its columns as fields, `id`
among them.

Times are microseconds since the epoch. SQLite's booleans are 0 and 1.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from app.clock import Micros
from app.database.statements import Row

RowType = TypeVar("RowType", bound=NamedTuple)
Stored = TypeVar("Stored")
Built = TypeVar("Built")


class OnlyId(NamedTuple):
    """The ID of a row that is loaded in another way."""

    id: str


class StoredEvent(NamedTuple):
    """An event without its body, which may be large and is loaded only if it is selected."""

    id: str
    type: str
    occurred_at: Micros
    created_at: Micros
    test: bool
    idempotency_key: str | None
    ordering_key: str | None
    trace: str | None
    erased_at: Micros | None


class EventBody(NamedTuple):
    """The body of an event."""

    id: str
    body: str


class StoredDelivery(NamedTuple):
    """A delivery."""

    id: str
    event_id: str
    webhook_id: str
    event_type: str
    status: str
    attempt_count: int
    next_attempt_at: Micros | None
    last_outcome: str | None
    last_response_status: int | None
    created_at: Micros
    completed_at: Micros | None
    test: bool
    sequence: int | None
    problem_key: str | None


class StoredProblem(NamedTuple):
    """A problem."""

    id: str
    webhook_id: str
    key: str
    cause: str
    outcome: str
    response_status: int | None
    status: str
    failures: int
    opened_at: Micros
    last_seen_at: Micros
    resolved_at: Micros | None
    example_id: str


class StoredAttempt(NamedTuple):
    """An attempt without the body of its response. Headers are JSON arrays of pairs."""

    id: str
    delivery_id: str
    number: int
    trigger: str
    started_at: Micros
    duration_us: int
    outcome: str
    error: str | None
    remote_address: str | None
    request_method: str
    request_url: str
    request_headers: str
    response_status: int | None
    response_headers: str | None
    response_truncated: bool | None
    sent_again: bool
    timing: str | None


class ResponseBody(NamedTuple):
    """The body of the response to an attempt."""

    id: str
    response_body: str | None


class StoredAuditEntry(NamedTuple):
    """An entry of the audit log. `changes` is a JSON object."""

    id: str
    workspace_id: str
    at: Micros
    actor: str
    actor_kind: str | None
    actor_id: str | None
    actor_name: str | None
    action: str
    subject_id: str | None
    changes: str | None
    source_address: str | None
    number: int | None
    previous_hash: str | None
    hash: str | None


class StoredWorkspace(NamedTuple):
    """A workspace."""

    id: str
    name: str
    external_id: str | None
    created_at: Micros


def columns_of(row_type: type[NamedTuple]) -> str:
    """The columns of a type of rows, as a SELECT lists them."""
    return ", ".join(row_type._fields)


def row_of(row_type: type[RowType], row: Row) -> RowType:
    """A row with the columns of its type, and possibly others."""
    return row_type._make([row[column] for column in row_type._fields])


def if_found(build: Callable[[Stored], Built], stored: Stored | None) -> Built | None:
    """The result of building from a stored row; None if that was not found."""
    return None if stored is None else build(stored)
