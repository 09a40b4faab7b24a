"""One token bucket: what it allows, and how long it says to wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rates.bucket import Bucket, Limit

LIMIT = Limit(per_second=10, burst=3)


def test_a_burst_passes_at_once_and_then_the_rate_goes_on() -> None:
    bucket = Bucket(LIMIT, 0.0)

    waits = [bucket.take(at) for at in (0.0, 0.0, 0.0, 0.0, 0.05, 0.1, 0.1)]

    assert waits == pytest.approx([0, 0, 0, 0.1, 0.05, 0, 0.1])


def test_rest_fills_it_no_further_than_a_burst() -> None:
    bucket = Bucket(LIMIT, 0.0)

    waits = [bucket.take(3_600.0) for _ in range(4)]

    assert waits == pytest.approx([0, 0, 0, 0.1])


def test_several_tokens_are_taken_at_once_or_none() -> None:
    bucket = Bucket(LIMIT, 0.0)

    waits = [bucket.take(0.0, 2), bucket.take(0.0, 2), bucket.take(0.0, 1)]

    assert waits == pytest.approx([0, 0.1, 0])


def test_a_debt_is_waited_off() -> None:
    bucket = Bucket(LIMIT, 0.0)
    bucket.put_right(-2.0, 0.0)

    assert bucket.take(0.0) == pytest.approx(0.3)
    assert bucket.take(0.31) == 0


def test_a_clock_that_is_set_back_makes_nobody_wait_longer() -> None:
    bucket = Bucket(LIMIT, 1_000.0)
    for _ in range(3):
        bucket.take(1_000.0)

    assert bucket.take(0.0) == pytest.approx(0.1)
    assert bucket.take(0.11) == 0


pauses = st.lists(st.floats(0, 2), min_size=1, max_size=60)


@given(pauses, st.integers(1, 50), st.integers(1, 20))
def test_no_stretch_of_time_sees_more_than_a_burst_and_what_the_rate_gives(
    pauses: list[float], per_second: int, burst: int
) -> None:
    bucket, now, passed = Bucket(Limit(per_second, burst), 0.0), 0.0, []
    for pause in pauses:
        now += pause
        if bucket.take(now) == 0:
            passed.append(now)

    for first, begin in enumerate(passed):
        for last, end in enumerate(passed[first:], first):
            assert last - first + 1 <= burst + (end - begin) * per_second + 1e-6


@given(pauses, st.integers(1, 50), st.integers(1, 20))
def test_a_caller_that_waits_as_long_as_asked_is_let_in(pauses: list[float], per_second: int, burst: int) -> None:
    bucket, now = Bucket(Limit(per_second, burst), 0.0), 0.0
    for pause in pauses:
        now += pause
        if wait := bucket.take(now):
            now += wait + 1e-6
            assert bucket.take(now) == 0
