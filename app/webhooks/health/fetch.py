"""Reads the health of webhooks: one statement for any number of them, with a few index lookups for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.clock import Micros, from_micros, to_micros
from app.database.batch import IDS
from app.database.database import Row, Statements
from app.ids import id_time
from app.sender.answered import failure_sentence
from app.statuses import AttemptOutcome, HealthState, WebhookStatus, WebhookStatusReason
from app.webhooks.health.reason import reason_of
from app.webhooks.health.state import NEWEST_ATTEMPT, NEXT_DUE, Facts, state_of

# Counting stops here, so that a backlog of millions costs no more than one of this size.
MAX_BACKLOG = 10_000
# How many of the newest attempts are searched for the last success. While attempts fail, the webhook's row holds it
# instead; the newest attempts then are others only if they were pings.
_RECENT = 20

_OPEN = "FROM delivery d WHERE d.webhook_id = webhook.id AND d.status <> 'SUCCEEDED' AND d.status = '{status}'"
# A limit that PostgreSQL does not know when it plans. With a known one, it may read a whole backlog before it counts.
_COUNT = f"(SELECT count(*) FROM (SELECT 1 AS one {_OPEN} ORDER BY d.id LIMIT (SELECT {MAX_BACKLOG})) AS counted)"
_OLDEST = f"(SELECT min(d.id) {_OPEN})"
_EACH = ", ".join(
    f"{sql.format(status=status)} AS {status.lower()}_{name}"
    for status in ("PENDING", "RETRYING")
    for name, sql in (("count", _COUNT), ("oldest", _OLDEST), ("due", NEXT_DUE))
)
_HEALTH = f"""
SELECT webhook.id, webhook.status, deleted_at, status_reason, status_reason_code, consecutive_failures, failing_since,
  held_until, rate_limit_per_second, next_slot_at, last_failure_id, last_success_id,
  failure.outcome AS failure_outcome, failure.error AS failure_error, failure.response_status AS failure_status,
  {NEWEST_ATTEMPT} AS newest,
  (SELECT recent.id FROM (SELECT a.id, a.outcome FROM attempt a WHERE a.webhook_id = webhook.id
    ORDER BY a.id DESC LIMIT {_RECENT}) AS recent WHERE recent.outcome = 'SUCCEEDED'
    ORDER BY recent.id DESC LIMIT 1) AS recent_success,
  {_EACH}
FROM {{rows}} AS asked CROSS JOIN webhook LEFT JOIN attempt failure ON failure.id = webhook.last_failure_id
WHERE webhook.id = asked.id AND webhook.workspace_id = $1
"""


@dataclass(frozen=True, slots=True)
class Health:
    """The health of a webhook at one moment. Times are aware; those of the last attempts are exact to a millisecond.

    Attributes:
        disables_at: when the webhook is disabled unless an attempt succeeds before.
        next_probe_at: when the breaker lets the next attempt through.
        backlog: open deliveries, exact up to `MAX_BACKLOG`.
        last_failure_id: ID of the attempt, which may have been pruned since.
    """

    state: HealthState
    reason: str
    failures_in_a_row: int
    failing_since: datetime | None
    disables_at: datetime | None
    next_probe_at: datetime | None
    backlog: int
    oldest_waiting_at: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure_id: str | None


async def fetch_health(
    statements: Statements,
    workspace_id: str,
    webhook_ids: Sequence[str],
    *,
    now: datetime,
    breaker_threshold: int,
    disable_after: timedelta,
) -> dict[str, Health]:
    """The health of those of these webhooks that belong to the workspace, by ID, deleted ones included."""
    rows = await statements.fetch_rows(_HEALTH, IDS, [(id_,) for id_ in webhook_ids], workspace_id)
    return {row["id"]: _health(row, to_micros(now), breaker_threshold, disable_after) for row in rows}


def _health(row: Row, now: Micros, breaker_threshold: int, disable_after: timedelta) -> Health:
    facts = _facts(row)
    state = state_of(facts, now, breaker_threshold)
    fails = facts.failing_since is not None and state not in {HealthState.DISABLED, HealthState.PAUSED}
    disables_at = to_micros(from_micros(facts.failing_since) + disable_after) if fails and facts.failing_since else None
    waits = [at for at in (facts.held_until, facts.next_due_at) if at is not None]
    probes = state is HealthState.BREAKER_OPEN and facts.next_due_at is not None
    outcome = row["failure_outcome"]
    error = failure_sentence(AttemptOutcome(outcome), row["failure_error"], row["failure_status"]) if outcome else None
    success = max(filter(None, (row["last_success_id"], row["recent_success"])), default=None)
    oldest = min(filter(None, (row["pending_oldest"], row["retrying_oldest"])), default=None)
    return Health(
        state=state,
        reason=reason_of(state, facts, error, disables_at),
        failures_in_a_row=facts.failures,
        failing_since=None if facts.failing_since is None else from_micros(facts.failing_since),
        disables_at=None if disables_at is None else from_micros(disables_at),
        next_probe_at=from_micros(max(waits)) if probes else None,
        backlog=facts.backlog,
        oldest_waiting_at=_time(oldest),
        last_success_at=_time(success),
        last_failure_at=_time(row["last_failure_id"]),
        last_failure_id=row["last_failure_id"],
    )


def _facts(row: Row) -> Facts:
    code = row["status_reason_code"]
    return Facts(
        kept=row["deleted_at"] is None,
        status=WebhookStatus(row["status"]),
        status_reason=row["status_reason"],
        status_reason_code=None if code is None else WebhookStatusReason(code),
        failures=row["consecutive_failures"],
        failing_since=row["failing_since"],
        held_until=row["held_until"],
        next_slot_at=None if row["rate_limit_per_second"] is None else row["next_slot_at"],
        last_failure_status=row["failure_status"],
        next_due_at=min((at for at in (row["pending_due"], row["retrying_due"]) if at is not None), default=None),
        backlog=min(row["pending_count"] + row["retrying_count"], MAX_BACKLOG),
        attempted=row["newest"] is not None,
    )


def _time(subject_id: str | None) -> datetime | None:
    return None if subject_id is None else id_time(subject_id)
