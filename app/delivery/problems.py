"""Keeps problems as attempts are recorded: a failure opens the problem of its cause, a success resolves all problems of
its webhook.

Both happen under the lock of the webhook's row, which the recorder takes first, so that processes that record for the
same webhook cannot deadlock over its problems.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from app.clock import Micros
from app.database.batch import Columns
from app.database.database import Statements
from app.delivery.finished_attempt import FinishedAttempt
from app.ids import PROBLEM, new_id_at
from app.problems.cause import Cause

_PROBLEMS: Columns = (
    ("id", "text"),
    ("workspace_id", "text"),
    ("webhook_id", "text"),
    ("key", "text"),
    ("cause", "text"),
    ("outcome", "text"),
    ("response_status", "bigint"),
    ("failures", "bigint"),
    ("opened_at", "bigint"),
    ("last_seen_at", "bigint"),
    ("example_id", "text"),
)
_SEEN: Columns = (("key", "text"), ("failures", "bigint"), ("last_seen_at", "bigint"), ("example_id", "text"))
# Half the cost of an upsert, and enough but for the first failure of a cause since the last success.
_COUNT = """
UPDATE problem SET failures = problem.failures + new.failures,
  last_seen_at = CASE WHEN problem.last_seen_at > new.last_seen_at THEN problem.last_seen_at ELSE new.last_seen_at END,
  example_id = CASE WHEN problem.example_id > new.example_id THEN problem.example_id ELSE new.example_id END
  FROM {rows} AS new WHERE problem.key = new.key AND problem.status <> 'RESOLVED'
"""
# Leaves those alone that were counted.
_OPEN = """
INSERT INTO problem (id, workspace_id, webhook_id, key, cause, outcome, response_status, status, failures, opened_at,
  last_seen_at, example_id)
SELECT new.id, new.workspace_id, new.webhook_id, new.key, new.cause, new.outcome, new.response_status, 'OPEN',
  new.failures, new.opened_at, new.last_seen_at, new.example_id FROM {rows} AS new WHERE true
ON CONFLICT (key) DO UPDATE SET status = 'OPEN', cause = excluded.cause, opened_at = excluded.opened_at,
  failures = excluded.failures, resolved_at = NULL,
  last_seen_at = CASE WHEN problem.last_seen_at > excluded.last_seen_at THEN problem.last_seen_at
    ELSE excluded.last_seen_at END,
  example_id = CASE WHEN problem.example_id > excluded.example_id THEN problem.example_id ELSE excluded.example_id END
WHERE problem.status = 'RESOLVED'
"""
_SUCCEEDED: Columns = (("webhook_id", "text"), ("at", "bigint"))
_RESOLVE = """
UPDATE problem SET status = 'RESOLVED', resolved_at = well.at FROM {rows} AS well
WHERE problem.webhook_id = well.webhook_id AND problem.status <> 'RESOLVED' RETURNING problem.id
"""


async def open_problems(statements: Statements, batch: Iterable[FinishedAttempt]) -> None:
    """Count failed attempts in the problems of their causes, which are opened if they are not. The rows of their
    webhooks are locked, and none of the webhooks is deleted: a deleted webhook has no problems.
    """
    by_key: dict[str, list[tuple[FinishedAttempt, Cause]]] = defaultdict(list)
    for finished in batch:
        cause = finished.cause
        if cause is not None:
            by_key[cause.key].append((finished, cause))
    if not by_key:
        return
    counted = await statements.write_rows(_COUNT, _SEEN, [_seen(key, failed) for key, failed in by_key.items()])
    if counted < len(by_key):
        await statements.write_rows(_OPEN, _PROBLEMS, [_row(failed) for failed in by_key.values()])


async def resolve_problems(statements: Statements, succeeded_at: Mapping[str, Micros]) -> None:
    """Resolve all problems of webhooks that an attempt succeeded for. Their rows are locked."""
    if succeeded_at:
        await statements.fetch_rows(_RESOLVE, _SUCCEEDED, sorted(succeeded_at.items()))


def _seen(key: str, failed: Sequence[tuple[FinishedAttempt, Cause]]) -> tuple[str, int, Micros, str]:
    """What attempts that failed with the same cause add to its problem."""
    last_seen_at = max([finished.finished_at for finished, _ in failed])
    return key, len(failed), last_seen_at, max([finished.attempt_id for finished, _ in failed])


def _row(failed: Sequence[tuple[FinishedAttempt, Cause]]) -> list[str | int | None]:
    """The problem that attempts with the same cause open."""
    first, cause = min(failed, key=lambda one: one[0].finished_at)
    key, failures, last_seen_at, example_id = _seen(cause.key, failed)
    return [
        new_id_at(PROBLEM, first.finished_at),
        first.claimed.workspace_id,
        first.claimed.webhook_id,
        key,
        cause.text,
        first.outcome.value,
        first.response_status,
        failures,
        first.finished_at,
        last_seen_at,
        example_id,
    ]
