"""Finished attempts that are recorded after the clock was set back."""

from datetime import timedelta
from typing import Any, cast

import pytest

from app.clock import Micros, from_micros
from app.delivery.decide import Decision
from app.delivery.finished_attempt import FinishedAttempt
from app.statuses import AttemptOutcome, DeliveryStatus

FINISHED_AT = Micros(1_795_000_000_000_000)
HOUR = timedelta(hours=1)
RETRY_AFTER = timedelta(minutes=5)


def finished(decision: Decision) -> FinishedAttempt:
    unused = cast(Any, None)
    return FinishedAttempt(
        attempt_id="att_1",
        claimed=unused,
        target=unused,
        webhook=unused,
        shown_headers=(),
        started_at=FINISHED_AT,
        finished_at=FINISHED_AT,
        answer=unused,
        outcome=AttemptOutcome.HTTP_ERROR,
        decision=decision,
    )


RETRYING = Decision(
    DeliveryStatus.RETRYING,
    next_attempt_at=from_micros(FINISHED_AT) + RETRY_AFTER,
    hold_webhook_until=from_micros(FINISHED_AT) + RETRY_AFTER / 2,
)


@pytest.mark.parametrize("later", [timedelta(0), timedelta(milliseconds=3), HOUR, timedelta(seconds=-0.9)])
def test_an_attempt_that_finished_before_it_is_recorded_stays_as_it_is(later: timedelta) -> None:
    attempt = finished(RETRYING)

    assert attempt.recorded_at(Micros(FINISHED_AT + later // timedelta(microseconds=1))) is attempt


def test_what_was_decided_moves_with_a_clock_that_was_set_back_since() -> None:
    now = Micros(FINISHED_AT - HOUR // timedelta(microseconds=1))

    moved = finished(RETRYING).recorded_at(now)

    assert moved.finished_at == now
    assert moved.decision.next_attempt_at == from_micros(now) + RETRY_AFTER
    assert moved.decision.hold_webhook_until == from_micros(now) + RETRY_AFTER / 2


def test_a_success_has_no_times_to_move() -> None:
    attempt = finished(Decision(DeliveryStatus.SUCCEEDED))

    assert attempt.recorded_at(Micros(FINISHED_AT - 10_000_000)).decision == Decision(DeliveryStatus.SUCCEEDED)
