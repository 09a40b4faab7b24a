"""Decides what an attempt means for its delivery and its webhook. Pure: values in, a decision out.

The rules, in the order in which they are applied:

1. A 2xx answer: the delivery SUCCEEDED. This counts for the webhook even if the delivery is a test, because the
   receiver works.
2. A test is never retried, and its failure does not count against the webhook: it FAILED.
3. 410 Gone: the delivery FAILED, and the webhook is to be disabled.
4. Anything else is retried after the next delay of the schedule, or FAILED if none is left. `Retry-After` with 429 or
   503 makes the wait longer, never shorter; jitter then adds up to a tenth.
5. 429, 502 and 504 hold the webhook back for as long as `Retry-After` says, or else for a moment.
6. A run of failures opens the circuit breaker: the webhook is held back, then one probe at a time goes through.
7. A webhook whose attempts have all failed for long enough is to be disabled.

Where rules 5 and 6 choose a time themselves, they choose as long as the webhook has been failing, within bounds. The
hold therefore doubles with every probe that fails, and many attempts that fail at the same moment count as one.
Deliveries of a webhook that is held back use up no attempt.

This module does not know rows, requests or the clock, and does not draw the jitter itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.clock import rfc3339
from app.statuses import AttemptOutcome, AttemptTrigger, DeliveryStatus, WebhookStatusReason

# Enough to spread what failed together, and little enough to stay near the schedule that the webhook's owner set.
JITTER = 0.1
# A receiver may delay retries by at most a day, so that a wrong date does not silence it for years.
LONGEST_RETRY_AFTER = timedelta(hours=24)
SLOW_DOWN_AT_LEAST = timedelta(seconds=1)
SLOW_DOWN_AT_MOST = timedelta(seconds=60)

_GONE = 410
_MOVES_THE_RETRY = frozenset({429, 503})
_SLOWS_THE_WEBHOOK = frozenset({429, 502, 504})

_DELAY_SECONDS = re.compile(r"[0-9]+")
# RFC 9110, section 5.6.7: IMF-fixdate, RFC 850, asctime. All are in GMT.
_DATE_FORMATS = ("%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y")


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """After how many consecutive failures a webhook's circuit breaker opens, for how long at first, and at most."""

    threshold: int
    open_for: timedelta
    open_at_most: timedelta = timedelta(minutes=5)


class Attempted(NamedTuple):
    """Result of an attempt.

    Attributes:
        status: of the response; None if there was none.
        retry_after: the header as received; None if there was none.
        finished_at: aware.
    """

    outcome: AttemptOutcome
    status: int | None
    retry_after: str | None
    finished_at: datetime


class SingleTry(NamedTuple):
    """How a delivery stands that is tried once, past its DISABLED webhook, and remains if the attempt fails."""

    status: DeliveryStatus
    next_attempt_at: datetime | None


class Facts(NamedTuple):
    """What else the decision depends on. Facts of the webhook may be as old as the claim and do not count this attempt.

    Attributes:
        retry_delays_seconds: delays before the 2nd, 3rd … attempt of a schedule.
        retries_used: retries that led to this attempt: 0 at the first of a schedule. It is the index of the next delay,
            which a decision to retry uses up.
        failing_since: when the webhook's run of failures began; None after a success.
        consecutive_failures: of the webhook's attempts, since the last success.
        disable_after: how long all attempts must have failed before the webhook is disabled.
    """

    retry_delays_seconds: Sequence[int]
    retries_used: int
    trigger: AttemptTrigger
    failing_since: datetime | None
    consecutive_failures: int
    disable_after: timedelta
    single_try: SingleTry | None = None


class Decision(NamedTuple):
    """What is to be recorded.

    Attributes:
        next_attempt_at: when the next attempt is due, with RETRYING; None otherwise.
        disable_reason: a sentence, if the webhook is to be disabled, and its code.
        hold_webhook_until: no delivery of the webhook is attempted before this time.
        webhook_failed: whether this attempt begins or continues the webhook's run of failures. SUCCEEDED ends it.
    """

    status: DeliveryStatus
    next_attempt_at: datetime | None = None
    disable_reason: str | None = None
    disable_reason_code: WebhookStatusReason | None = None
    hold_webhook_until: datetime | None = None
    webhook_failed: bool = False
    uses_retry: bool = True


def decide(facts: Facts, attempted: Attempted, jitter: float, breaker: BreakerPolicy) -> Decision:
    """Decide what an attempt means, by the rules above.

    Args:
        facts: what else the decision depends on.
        attempted: result of the attempt.
        jitter: random, from 0 up to but not including 1.
        breaker: policy of every webhook's circuit breaker.
    """
    if attempted.outcome is AttemptOutcome.SUCCEEDED:
        return Decision(DeliveryStatus.SUCCEEDED)
    if facts.single_try is not None:
        return Decision(*facts.single_try, uses_retry=False)
    if facts.trigger is AttemptTrigger.TEST:
        return Decision(DeliveryStatus.FAILED)
    retry_after = parse_retry_after(attempted.retry_after or "", attempted.finished_at)
    next_attempt_at = _next_attempt_at(facts, attempted, retry_after, jitter)
    code = _disable_reason(facts, attempted)
    return Decision(
        status=DeliveryStatus.FAILED if next_attempt_at is None else DeliveryStatus.RETRYING,
        next_attempt_at=next_attempt_at,
        disable_reason=None if code is None else _sentence(code, facts),
        disable_reason_code=code,
        hold_webhook_until=_hold_until(facts, attempted, retry_after, breaker),
        webhook_failed=True,
    )


def is_probing(consecutive_failures: int, policy: BreakerPolicy) -> bool:
    """Whether a webhook's breaker has opened, so that it gets one attempt at a time once it is no longer held back."""
    return consecutive_failures >= policy.threshold


def parse_retry_after(text: str, now: datetime) -> datetime | None:
    """Read a Retry-After header (RFC 9110, section 10.2.3), either in seconds or as a date.

    Returns:
        When to come back: aware, at most `LONGEST_RETRY_AFTER` from now, possibly in the past. None for any other text.
    """
    if _DELAY_SECONDS.fullmatch(text):
        # A float takes any number of digits: even infinity is just more than the limit.
        return now + timedelta(seconds=min(float(text), LONGEST_RETRY_AFTER.total_seconds()))
    for date_format in _DATE_FORMATS:
        try:
            date = datetime.strptime(text, date_format).replace(tzinfo=UTC)
        except ValueError:
            continue
        return min(date, now + LONGEST_RETRY_AFTER)
    return None


def _next_attempt_at(
    facts: Facts, attempted: Attempted, retry_after: datetime | None, jitter: float
) -> datetime | None:
    if attempted.status == _GONE or facts.retries_used >= len(facts.retry_delays_seconds):
        return None
    wait = timedelta(seconds=facts.retry_delays_seconds[facts.retries_used])
    if retry_after is not None and attempted.status in _MOVES_THE_RETRY:
        wait = max(wait, retry_after - attempted.finished_at)
    return attempted.finished_at + wait * (1 + JITTER * jitter)


def _disable_reason(facts: Facts, attempted: Attempted) -> WebhookStatusReason | None:
    if attempted.status == _GONE:
        return WebhookStatusReason.GONE
    if facts.failing_since is not None and attempted.finished_at - facts.failing_since >= facts.disable_after:
        return WebhookStatusReason.FAILING
    return None


def _sentence(code: WebhookStatusReason, facts: Facts) -> str:
    if code is WebhookStatusReason.GONE or facts.failing_since is None:
        return "The receiver answered 410 Gone."
    return f"All attempts since {rfc3339(facts.failing_since)} have failed."


def _hold_until(
    facts: Facts, attempted: Attempted, retry_after: datetime | None, breaker: BreakerPolicy
) -> datetime | None:
    now = attempted.finished_at
    failing_for = now - (facts.failing_since or now)
    holds = []
    if attempted.status in _SLOWS_THE_WEBHOOK:
        if retry_after is not None and retry_after > now:
            holds.append(retry_after)
        else:
            holds.append(now + _within(SLOW_DOWN_AT_LEAST, failing_for, SLOW_DOWN_AT_MOST))
    if is_probing(facts.consecutive_failures + 1, breaker):
        holds.append(now + _within(breaker.open_for, failing_for, breaker.open_at_most))
    return max(holds, default=None)


def _within(lowest: timedelta, time: timedelta, highest: timedelta) -> timedelta:
    return max(lowest, min(time, highest))
