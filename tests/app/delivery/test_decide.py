from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.delivery.decide import (
    JITTER,
    LONGEST_RETRY_AFTER,
    Attempted,
    BreakerPolicy,
    Decision,
    Facts,
    decide,
    is_probing,
    parse_retry_after,
)
from app.statuses import AttemptOutcome, AttemptTrigger, DeliveryStatus, WebhookStatusReason
from app.webhooks.fields import DEFAULT_RETRY_DELAYS_SECONDS

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)
BREAKER = BreakerPolicy(threshold=10, open_for=timedelta(seconds=30))
DISABLE_AFTER = timedelta(days=5)
SECOND, MINUTE, HOUR, DAY = (timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days"))

FAILURES = [outcome for outcome in AttemptOutcome if outcome is not AttemptOutcome.SUCCEEDED]
NOT_TESTS = [trigger for trigger in AttemptTrigger if trigger is not AttemptTrigger.TEST]

failed_attempts = st.builds(
    Attempted,
    outcome=st.sampled_from(FAILURES),
    status=st.none() | st.integers(100, 599) | st.sampled_from([410, 429, 502, 503, 504]),
    retry_after=st.none() | st.integers(0, 10**6).map(str) | st.text(max_size=40),
    finished_at=st.just(NOW),
)
webhook_facts = st.builds(
    Facts,
    retry_delays_seconds=st.lists(st.integers(0, 7 * 86_400), max_size=10),
    retries_used=st.integers(0, 12),
    trigger=st.sampled_from(NOT_TESTS),
    failing_since=st.none() | st.timedeltas(timedelta(0), 30 * DAY).map(lambda ago: NOW - ago),
    consecutive_failures=st.integers(0, 1000),
    single_try=st.none(),
)
jitters = st.floats(0, 1, exclude_max=True)


def answered(status: int, retry_after: str | None = None) -> Attempted:
    outcome = AttemptOutcome.SUCCEEDED if 200 <= status < 300 else AttemptOutcome.HTTP_ERROR
    return Attempted(outcome, status, retry_after, NOW)


def unreachable(outcome: AttemptOutcome) -> Attempted:
    return Attempted(outcome, None, None, NOW)


def decided(
    attempted: Attempted,
    *,
    delays: Sequence[int] = DEFAULT_RETRY_DELAYS_SECONDS,
    retries_used: int = 0,
    trigger: AttemptTrigger = AttemptTrigger.FIRST,
    failing_for: timedelta | None = None,
    failures: int = 0,
    jitter: float = 0.0,
    breaker: BreakerPolicy = BREAKER,
) -> Decision:
    failing_since = None if failing_for is None else NOW - failing_for
    return decide(
        Facts(delays, retries_used, trigger, failing_since, failures, DISABLE_AFTER), attempted, jitter, breaker
    )


def wait(decision: Decision) -> timedelta:
    assert decision.next_attempt_at is not None
    return decision.next_attempt_at - NOW


def hold(decision: Decision) -> timedelta | None:
    return None if decision.hold_webhook_until is None else decision.hold_webhook_until - NOW


# ── what succeeds ──


@pytest.mark.parametrize("trigger", AttemptTrigger)
@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_an_answer_of_2xx_succeeds_and_leaves_the_webhook_alone(status: int, trigger: AttemptTrigger) -> None:
    decision = decided(answered(status), trigger=trigger, retries_used=9, failing_for=30 * DAY, failures=100)

    assert decision == Decision(DeliveryStatus.SUCCEEDED)


def test_retry_after_on_a_success_means_nothing() -> None:
    assert decided(answered(200, "3600")) == Decision(DeliveryStatus.SUCCEEDED)


# ── what is retried, and when ──


@pytest.mark.parametrize("trigger", NOT_TESTS)
@pytest.mark.parametrize(
    "status", [100, 199, 301, 302, 304, 307, 400, 401, 404, 408, 422, 429, 500, 502, 503, 504, 599]
)
def test_every_other_answer_is_retried(status: int, trigger: AttemptTrigger) -> None:
    decision = decided(answered(status), trigger=trigger)

    assert decision.status is DeliveryStatus.RETRYING
    assert decision.webhook_failed
    assert decision.disable_reason is None


@pytest.mark.parametrize("outcome", [outcome for outcome in FAILURES if outcome is not AttemptOutcome.HTTP_ERROR])
def test_every_way_of_getting_no_answer_is_retried(outcome: AttemptOutcome) -> None:
    decision = decided(unreachable(outcome))

    assert decision == Decision(DeliveryStatus.RETRYING, NOW + 5 * SECOND, webhook_failed=True)


def test_the_default_schedule_is_that_of_standard_webhooks() -> None:
    waits = [wait(decided(answered(500), retries_used=used)) for used in range(9)]

    hours = [2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR]
    assert waits == [5 * SECOND, 5 * MINUTE, 30 * MINUTE, *hours]


def test_a_delivery_fails_when_its_schedule_has_no_delay_left() -> None:
    decision = decided(answered(500), retries_used=9)

    assert decision == Decision(DeliveryStatus.FAILED, webhook_failed=True)


def test_a_webhook_without_retries_fails_at_the_first_attempt() -> None:
    assert decided(answered(500), delays=()).status is DeliveryStatus.FAILED


def test_a_schedule_of_n_delays_makes_n_plus_one_attempts() -> None:
    delays = (1, 2, 3)

    statuses = [decided(answered(500), delays=delays, retries_used=used).status for used in range(len(delays) + 1)]

    assert statuses == [DeliveryStatus.RETRYING] * 3 + [DeliveryStatus.FAILED]


@pytest.mark.parametrize(("jitter", "seconds"), [(0.0, 1000), (0.5, 1050), (0.999, 1099.9)])
def test_jitter_makes_the_wait_up_to_a_tenth_longer_and_never_shorter(jitter: float, seconds: float) -> None:
    decision = decided(answered(500), delays=[1000], jitter=jitter)

    assert wait(decision) == timedelta(seconds=seconds)


@given(webhook_facts, failed_attempts, jitters)
def test_a_retry_is_never_earlier_than_its_delay_nor_more_than_the_jitter_later(
    facts: Facts, attempted: Attempted, jitter: float
) -> None:
    decision = decide(facts, attempted, jitter, BREAKER)

    if decision.next_attempt_at is not None:
        delay = timedelta(seconds=facts.retry_delays_seconds[facts.retries_used])
        assert delay <= wait(decision) <= max(delay, LONGEST_RETRY_AFTER) * (1 + JITTER)


@given(webhook_facts, failed_attempts, jitters)
def test_a_failed_attempt_ends_a_delivery_exactly_when_the_schedule_is_used_up_or_the_receiver_is_gone(
    facts: Facts, attempted: Attempted, jitter: float
) -> None:
    decision = decide(facts, attempted, jitter, BREAKER)

    ended = facts.retries_used >= len(facts.retry_delays_seconds) or attempted.status == 410
    assert decision.status is (DeliveryStatus.FAILED if ended else DeliveryStatus.RETRYING)
    assert (decision.next_attempt_at is None) == ended
    assert decision.webhook_failed


# ── Retry-After ──


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("text", ["120", format_datetime(NOW + 2 * MINUTE, usegmt=True)])
def test_retry_after_moves_the_next_attempt_later(status: int, text: str) -> None:
    assert wait(decided(answered(status, text), delays=[5])) == 2 * MINUTE


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    "text", ["0", "4", format_datetime(NOW + SECOND, usegmt=True), format_datetime(NOW - DAY, usegmt=True)]
)
def test_retry_after_never_moves_the_next_attempt_earlier(status: int, text: str) -> None:
    assert wait(decided(answered(status, text), delays=[5])) == 5 * SECOND


@pytest.mark.parametrize("status", [301, 400, 404, 500, 502, 504])
def test_retry_after_moves_nothing_with_another_status(status: int) -> None:
    assert wait(decided(answered(status, "3600"), delays=[5])) == 5 * SECOND


def test_deliveries_with_the_same_retry_after_at_the_same_time_are_spread_after_it() -> None:
    assert wait(decided(answered(429, "1000"), delays=[5], jitter=0.5)) == 1050 * SECOND


def test_a_receiver_puts_us_off_by_a_day_at_most() -> None:
    for text in ("86401", "9" * 5000, format_datetime(NOW + 400 * DAY, usegmt=True)):
        assert wait(decided(answered(429, text), delays=[5])) == DAY


def test_retry_after_does_not_lengthen_the_schedule() -> None:
    assert decided(answered(503, "60"), retries_used=9).status is DeliveryStatus.FAILED


@given(webhook_facts, st.sampled_from([429, 503]), st.integers(0, 86_400), jitters)
def test_a_retry_is_never_earlier_than_retry_after(facts: Facts, status: int, seconds: int, jitter: float) -> None:
    decision = decide(facts, answered(status, str(seconds)), jitter, BREAKER)

    if decision.next_attempt_at is not None:
        assert wait(decision) >= seconds * SECOND


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0", NOW),
        ("120", NOW + 2 * MINUTE),
        ("000000000000000120", NOW + 2 * MINUTE),
        ("86400", NOW + DAY),
        ("86401", NOW + DAY),
        ("9" * 5000, NOW + DAY),
        # The three forms of RFC 9110, section 5.6.7
        ("Mon, 23 Nov 2026 10:02:00 GMT", NOW + 2 * MINUTE),
        ("Monday, 23-Nov-26 10:02:00 GMT", NOW + 2 * MINUTE),
        ("Mon Nov 23 10:02:00 2026", NOW + 2 * MINUTE),
        ("Sun, 06 Nov 1994 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Sun Nov  6 08:49:37 1994", datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", NOW + DAY),
    ],
)
def test_retry_after_is_read_in_every_form_of_the_rfc(text: str, at: datetime) -> None:
    assert parse_retry_after(text, NOW) == at


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-1",
        "+1",
        "1.5",
        "1e3",
        "1_000",
        "٣",
        "²",
        "120, 60",
        "inf",
        "nan",
        "2026-11-23T10:02:00Z",
        "Mon, 23 Nov 2026 10:02:00 +0000",
        "Mon, 31 Feb 2026 10:02:00 GMT",
        "Mon, 23 Nov 2026 25:02:00 GMT",
        "Mon, 23 Nov 2026 10:02:00 GMT and more",
        "Sun, 06 Nov 99999 08:49:37 GMT",
    ],
)
def test_anything_else_in_retry_after_is_ignored(text: str) -> None:
    assert parse_retry_after(text, NOW) is None
    assert decided(answered(429, text)) == decided(answered(429))


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2,8},? [0-9]{2}[ -][A-Z][a-z]{2}[ -][0-9]{2,4} [0-9:]{8} GMT"))
@example("\x00")
@example("\ud800")
def test_any_retry_after_is_read_without_raising_and_never_later_than_a_day(text: str) -> None:
    at = parse_retry_after(text, NOW)

    assert at is None or at <= NOW + LONGEST_RETRY_AFTER


@given(st.timedeltas(-365 * DAY, LONGEST_RETRY_AFTER - SECOND).map(lambda away: (NOW + away).replace(microsecond=0)))
def test_a_date_is_read_as_what_it_says(date: datetime) -> None:
    assert parse_retry_after(format_datetime(date, usegmt=True), NOW) == date


# ── 410 Gone ──


@pytest.mark.parametrize("trigger", NOT_TESTS)
def test_410_fails_the_delivery_at_once_and_disables_the_webhook(trigger: AttemptTrigger) -> None:
    decision = decided(answered(410, "60"), trigger=trigger)

    assert decision == Decision(
        DeliveryStatus.FAILED,
        disable_reason="The receiver answered 410 Gone.",
        disable_reason_code=WebhookStatusReason.GONE,
        webhook_failed=True,
    )


# ── tests ──


@given(facts=webhook_facts, attempted=failed_attempts, jitter=jitters)
@example(Facts((5,), 0, AttemptTrigger.TEST, NOW - 30 * DAY, 100, DISABLE_AFTER), answered(410), 0.5)
@example(Facts((5,), 0, AttemptTrigger.TEST, NOW - 30 * DAY, 100, DISABLE_AFTER), answered(429, "60"), 0.5)
def test_a_test_that_fails_is_not_retried_and_means_nothing_to_the_webhook(
    facts: Facts, attempted: Attempted, jitter: float
) -> None:
    test = facts._replace(trigger=AttemptTrigger.TEST)

    assert decide(test, attempted, jitter, BREAKER) == Decision(DeliveryStatus.FAILED)


# ── failing for too long ──


def test_a_webhook_that_failed_for_five_days_is_disabled_and_its_delivery_goes_on_waiting() -> None:
    decision = decided(answered(500), failing_for=5 * DAY)

    assert decision.disable_reason == "All attempts since 2026-11-18T10:00:00.000Z have failed."
    assert decision.status is DeliveryStatus.RETRYING


def test_a_webhook_that_failed_for_a_little_less_is_not() -> None:
    assert decided(answered(500), failing_for=5 * DAY - timedelta(microseconds=1)).disable_reason is None


def test_the_first_failure_since_a_success_disables_nothing() -> None:
    assert decided(answered(500), failing_for=None).disable_reason is None


def test_how_long_a_webhook_may_fail_can_be_chosen() -> None:
    facts = Facts((5,), 0, AttemptTrigger.FIRST, NOW - HOUR, 1, disable_after=HOUR)

    assert decide(facts, answered(500), 0.0, BREAKER).disable_reason is not None


# ── slowing down ──


@pytest.mark.parametrize("status", [429, 502, 504])
def test_a_receiver_that_is_overloaded_is_left_alone_for_a_moment(status: int) -> None:
    assert hold(decided(answered(status))) == SECOND


@pytest.mark.parametrize("status", [429, 502, 504])
@pytest.mark.parametrize(
    ("failing_for", "held"), [(SECOND / 2, SECOND), (7 * SECOND, 7 * SECOND), (MINUTE, MINUTE), (DAY, MINUTE)]
)
def test_the_moment_grows_with_how_long_it_has_been_failing_up_to_a_minute(
    status: int, failing_for: timedelta, held: timedelta
) -> None:
    assert hold(decided(answered(status), failing_for=failing_for)) == held


@pytest.mark.parametrize("status", [429, 502, 504])
@pytest.mark.parametrize("text", ["7200", format_datetime(NOW + 2 * HOUR, usegmt=True)])
def test_a_receiver_that_says_how_long_is_left_alone_for_so_long(status: int, text: str) -> None:
    assert hold(decided(answered(status, text), failing_for=10 * SECOND)) == 2 * HOUR


@pytest.mark.parametrize("text", ["0", format_datetime(NOW - HOUR, usegmt=True)])
def test_a_receiver_that_says_now_is_left_alone_for_a_moment_all_the_same(text: str) -> None:
    assert hold(decided(answered(429, text))) == SECOND


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_other_answers_do_not_slow_a_webhook_down(status: int) -> None:
    assert hold(decided(answered(status, "60"))) is None


# ── the circuit breaker ──


def test_the_tenth_failure_in_a_row_opens_the_breaker_for_half_a_minute() -> None:
    assert hold(decided(answered(500), failures=8)) is None
    assert hold(decided(answered(500), failures=9)) == 30 * SECOND


def test_from_the_tenth_failure_on_one_probe_goes_through_at_a_time() -> None:
    assert not is_probing(9, BREAKER)
    assert is_probing(10, BREAKER)
    assert is_probing(1000, BREAKER)


def test_the_breaker_stays_open_twice_as_long_after_each_probe_that_fails_up_to_five_minutes() -> None:
    failing_for, holds = timedelta(0), []

    for failures in range(9, 16):
        held = hold(decided(answered(500), failing_for=failing_for, failures=failures))
        assert held is not None
        holds.append(held / SECOND)
        failing_for += held

    assert holds == [30, 30, 60, 120, 240, 300, 300]


def test_many_attempts_that_fail_at_the_same_moment_open_the_breaker_no_longer_than_one() -> None:
    assert hold(decided(answered(500), failing_for=SECOND, failures=500)) == 30 * SECOND


def test_a_wish_to_be_left_alone_for_longer_outlasts_the_breaker() -> None:
    assert hold(decided(answered(429, "3600"), failures=50)) == HOUR
    assert hold(decided(answered(429, "1"), failures=50)) == 30 * SECOND


def test_a_breaker_can_be_set() -> None:
    breaker = BreakerPolicy(threshold=2, open_for=SECOND, open_at_most=4 * SECOND)

    assert hold(decided(answered(500), failures=0, breaker=breaker)) is None
    assert hold(decided(answered(500), failures=1, breaker=breaker)) == SECOND
    assert hold(decided(answered(500), failures=1, failing_for=DAY, breaker=breaker)) == 4 * SECOND
    assert is_probing(2, breaker)


@given(webhook_facts, failed_attempts, jitters)
def test_a_webhook_is_held_back_into_the_future_and_by_a_day_at_most(
    facts: Facts, attempted: Attempted, jitter: float
) -> None:
    held = hold(decide(facts, attempted, jitter, BREAKER))

    assert held is None or timedelta(0) < held <= DAY
    if facts.consecutive_failures + 1 >= BREAKER.threshold:
        assert held is not None
        assert held >= BREAKER.open_for
