from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import Micros, SystemClock, from_micros, rfc3339, to_micros

aware_times = st.datetimes(timezones=st.timezones())


def test_the_system_clock_tells_the_time_in_utc() -> None:
    before = datetime.now(UTC)

    now = SystemClock().now()

    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)


def test_microseconds_count_from_the_epoch() -> None:
    assert to_micros(datetime(1970, 1, 1, tzinfo=UTC)) == 0
    assert to_micros(datetime(2026, 11, 23, 10, 0, 0, 123456, tzinfo=UTC)) == 1_795_428_000_123_456
    assert to_micros(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1


@given(aware_times)
def test_a_time_comes_back_exactly_and_in_utc(time: datetime) -> None:
    back = from_micros(to_micros(time))

    # Compared in UTC, because Python treats two times in the gap of a clock change as always unequal.
    assert back == time.astimezone(UTC)
    assert back.utcoffset() == timedelta(0)


@given(st.integers(to_micros(datetime.min.replace(tzinfo=UTC)), to_micros(datetime.max.replace(tzinfo=UTC))))
def test_microseconds_come_back_exactly(micros: int) -> None:
    assert to_micros(from_micros(Micros(micros))) == micros


def test_a_time_out_of_reach_is_refused() -> None:
    with pytest.raises(OverflowError):
        from_micros(Micros(to_micros(datetime.max.replace(tzinfo=UTC)) + 1))


def test_text_has_milliseconds_and_ends_in_z() -> None:
    assert rfc3339(datetime(2026, 11, 23, 10, 0, 0, 123000, tzinfo=UTC)) == "2026-11-23T10:00:00.123Z"
    assert rfc3339(datetime(2026, 11, 23, 10, 0, tzinfo=UTC)) == "2026-11-23T10:00:00.000Z"


@given(aware_times)
def test_text_is_what_python_writes_itself(time: datetime) -> None:
    assert rfc3339(time) == time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_text_is_in_utc_whatever_the_zone() -> None:
    time = datetime(2026, 11, 23, 12, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))

    assert rfc3339(time) == "2026-11-23T06:45:00.000Z"


def test_text_is_cut_and_not_rounded_so_that_it_never_lies_in_the_future() -> None:
    assert rfc3339(datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == "2026-12-31T23:59:59.999Z"


@given(st.datetimes(timezones=st.just(UTC)))
def test_text_reads_back_to_the_millisecond(time: datetime) -> None:
    read = datetime.fromisoformat(rfc3339(time))

    assert timedelta(0) <= time - read < timedelta(milliseconds=1)


def test_a_time_without_a_zone_is_refused_because_it_could_mean_anything() -> None:
    naive = datetime(2026, 11, 23, 10, 0)  # noqa: DTZ001 - the point of the test

    with pytest.raises(ValueError, match="has no zone"):
        to_micros(naive)
    with pytest.raises(ValueError, match="has no zone"):
        rfc3339(naive)
