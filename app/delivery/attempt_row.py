"""The row of an attempt, and the statement that inserts it. Pure."""

from typing import Any

import orjson

from app.database.batch import Columns
from app.delivery.erased import NO_HEADERS
from app.delivery.finished_attempt import FinishedAttempt
from app.sender.outcome import Answered

COLUMNS: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("delivery_id", "text"),
    ("webhook_id", "text"),
    ("worker_id", "text"),
    ("number", "bigint"),
    ("trigger", "text"),
    ("started_at", "bigint"),
    ("duration_us", "bigint"),
    ("outcome", "text"),
    ("error", "text"),
    ("remote_address", "text"),
    ("request_method", "text"),
    ("request_url", "text"),
    ("request_headers", "text"),
    ("response_status", "bigint"),
    ("response_headers", "text"),
    ("response_body", "text"),
    ("response_truncated", "boolean"),
    ("sent_again", "boolean"),
    ("timing", "text"),
)
_NAMES = ", ".join(name for name, _ in COLUMNS)
# If an attempt is there already, a transaction committed it but its answer never arrived.
INSERT = (
    f"INSERT INTO attempt ({_NAMES}) SELECT {', '.join(f'new.{name}' for name, _ in COLUMNS)} FROM {{rows}} AS new"
    " WHERE true ON CONFLICT (id) DO NOTHING"
)


def row_of(finished: FinishedAttempt) -> list[Any]:
    """The values of `COLUMNS` of a finished attempt."""
    claimed, answer = finished.claimed, finished.answer
    answered = answer if isinstance(answer, Answered) else None
    return [
        finished.attempt_id,
        claimed.workspace_id,
        claimed.id,
        claimed.webhook_id,
        claimed.claimed_by,
        claimed.attempt_count + 1,
        claimed.trigger.value,
        finished.started_at,
        int(answer.duration_ms * 1_000),
        finished.outcome.value,
        None if answered else answer.error,  # type: ignore[union-attr]
        answer.remote_address,
        finished.target.method,
        finished.target.shown_url,
        orjson.dumps(finished.shown_headers).decode(),
        finished.response_status,
        _stored_headers(answered) if answered else None,
        answered.body if answered else None,
        answered.truncated if answered else False,
        answer.sent_again or None,
        None if answer.timing is None else answer.timing.packed(),
    ]


def _stored_headers(answer: Answered) -> str:
    return NO_HEADERS if answer.left_out else orjson.dumps(answer.headers).decode()
