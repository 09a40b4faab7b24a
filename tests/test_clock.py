"""The tests' clock moves only when told to."""

from datetime import UTC, datetime, timedelta

import pytest

from app.clock import Clock
from tests.clock import FakeClock


def test_it_stands_still(clock: FakeClock) -> None:
    assert clock.now() == clock.now()


def test_it_is_a_clock_in_utc(clock: FakeClock) -> None:
    as_product_sees_it: Clock = clock

    assert as_product_sees_it.now().utcoffset() == timedelta(0)


@pytest.mark.parametrize("by", [1.5, timedelta(milliseconds=1500)])
def test_it_advances_by_seconds_or_a_duration(by: float | timedelta) -> None:
    clock = FakeClock(datetime(2026, 1, 1, tzinfo=UTC))

    assert clock.advance(by) == datetime(2026, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert clock.now() == datetime(2026, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)


def test_it_takes_no_naive_time() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        FakeClock(datetime(2026, 1, 1))  # noqa: DTZ001
