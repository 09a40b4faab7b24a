"""Decides a webhook's state. Pure: facts in, a state out, and the same decision as SQL for lists.

The first that applies:

    DISABLED      it is disabled or deleted
    PAUSED        a person paused it
    FAILING       the server cannot read it
    BREAKER_OPEN  as many consecutive attempts failed as the breaker allows, so only probes go out
    RATE_LIMITED  its receiver answered 429 and its deliveries wait, or its own rate limit makes due deliveries wait
    FAILING       its last attempt failed
    IDLE          nothing was sent to it yet, and nothing waits
    HEALTHY       otherwise
"""

from typing import NamedTuple

from app.clock import Micros
from app.statuses import HealthState, WebhookStatus, WebhookStatusReason

TOO_MANY_REQUESTS = 429
UNREADABLE = frozenset({WebhookStatusReason.UNREADABLE_SECRETS, WebhookStatusReason.UNREADABLE_SELECTION})


class Facts(NamedTuple):
    """What is known of a webhook at one moment.

    Attributes:
        kept: whether it is not deleted.
        failures: attempts that failed since the last success; `failing_since` is when the first of them ended.
        held_until: no delivery of it is attempted before this time.
        next_slot_at: when its own rate limit allows the next attempt; None without a limit.
        last_failure_status: HTTP status of the response to the last attempt that failed, if there was one.
        next_due_at: when the first waiting delivery is due; None if none waits.
        backlog: open deliveries, at most `MAX_BACKLOG`.
        attempted: whether an attempt of it is stored.
    """

    kept: bool
    status: WebhookStatus
    status_reason: str | None
    status_reason_code: WebhookStatusReason | None
    failures: int
    failing_since: Micros | None
    held_until: Micros | None
    next_slot_at: Micros | None
    last_failure_status: int | None
    next_due_at: Micros | None
    backlog: int
    attempted: bool


def state_of(facts: Facts, now: Micros, breaker_threshold: int) -> HealthState:
    """The state that follows from these facts at `now`."""
    if not facts.kept or facts.status is WebhookStatus.DISABLED:
        return HealthState.DISABLED
    if facts.status is WebhookStatus.PAUSED:
        return HealthState.PAUSED
    if facts.status_reason_code in UNREADABLE:
        return HealthState.FAILING
    if facts.failures >= breaker_threshold:
        return HealthState.BREAKER_OPEN
    if facts.failures > 0:
        put_off = facts.last_failure_status == TOO_MANY_REQUESTS and _later(facts.held_until, now)
        return HealthState.RATE_LIMITED if put_off else HealthState.FAILING
    if facts.next_due_at is not None and facts.next_due_at <= now and _later(facts.next_slot_at, now):
        return HealthState.RATE_LIMITED
    return HealthState.HEALTHY if facts.attempted or facts.backlog > 0 else HealthState.IDLE


def _later(at: Micros | None, now: Micros) -> bool:
    return at is not None and at > now


# The first along an index, instead of EXISTS: where that looks cheap, PostgreSQL answers EXISTS for all webhooks at
# once and scans a table.
_OPEN = (
    "(SELECT min(d.id) FROM delivery d WHERE d.webhook_id = webhook.id AND d.status <> 'SUCCEEDED'"
    " AND d.status = '{status}')"
)
NEXT_DUE = (
    "(SELECT min(d.next_attempt_at) FROM delivery d WHERE d.webhook_id = webhook.id AND d.status = '{status}'"
    " AND d.claimed_by IS NULL AND d.next_attempt_at IS NOT NULL)"
)
NEWEST_ATTEMPT = "(SELECT max(a.id) FROM attempt a WHERE a.webhook_id = webhook.id)"
_SQL = f"""CASE WHEN deleted_at IS NOT NULL OR status = 'DISABLED' THEN 'DISABLED' WHEN status = 'PAUSED' THEN 'PAUSED'
 WHEN status_reason_code IN ({", ".join(f"'{code}'" for code in sorted(UNREADABLE))}) THEN 'FAILING'
 WHEN consecutive_failures >= ? THEN 'BREAKER_OPEN'
 WHEN consecutive_failures > 0 THEN CASE WHEN held_until > ? AND {TOO_MANY_REQUESTS} =
  (SELECT a.response_status FROM attempt a WHERE a.id = webhook.last_failure_id) THEN 'RATE_LIMITED' ELSE 'FAILING' END
 WHEN rate_limit_per_second IS NOT NULL AND next_slot_at > ?
  AND ({NEXT_DUE.format(status="PENDING")} <= ? OR {NEXT_DUE.format(status="RETRYING")} <= ?) THEN 'RATE_LIMITED'
 WHEN {NEWEST_ATTEMPT} IS NULL AND {_OPEN.format(status="PENDING")} IS NULL
  AND {_OPEN.format(status="RETRYING")} IS NULL THEN 'IDLE' ELSE 'HEALTHY' END"""


def state_sql(now: Micros, breaker_threshold: int) -> tuple[str, tuple[int, ...]]:
    """The same decision as an SQL expression over rows of `webhook`, with a `?` for each of the values."""
    return _SQL, (breaker_threshold, now, now, now, now)
