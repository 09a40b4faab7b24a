from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.errors import Rejected
from app.stats.window import MAX_BUCKETS, MAX_EXACT_SPAN, MAX_SPAN, PERIOD, choose_window, period_of

NOW = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_last_24_hours_in_24_buckets_are_measured_where_nothing_is_said() -> None:
    window = choose_window(None, None, None, NOW)

    assert window.until == datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
    assert (window.until - window.since, window.width, window.buckets) == (24 * HOUR, HOUR, 24)


def test_a_window_of_up_to_an_hour_is_measured_as_it_is_asked_for() -> None:
    window = choose_window(NOW - timedelta(seconds=60), NOW, 7, NOW)

    assert (window.since, window.until, window.buckets, window.in_periods) == (
        NOW - timedelta(seconds=60),
        NOW,
        7,
        False,
    )


def test_the_parts_of_a_window_lie_side_by_side() -> None:
    parts = list(choose_window(NOW - timedelta(seconds=61), NOW, 7, NOW).parts())

    assert parts[0][0] == NOW - timedelta(seconds=61)
    assert parts[-1][1] == NOW
    assert [end for _, end in parts[:-1]] == [begin for begin, _ in parts[1:]]


@given(
    st.timedeltas(timedelta(0), timedelta(days=9_000)).map(lambda ago: NOW - ago),
    st.timedeltas(MAX_EXACT_SPAN + timedelta(microseconds=1), MAX_SPAN),
    st.integers(1, MAX_BUCKETS),
)
def test_a_longer_window_is_whole_periods_and_grows_by_less_than_a_bucket(
    until: datetime, span: timedelta, buckets: int
) -> None:
    window = choose_window(until - span, until, buckets, NOW)

    assert window.in_periods
    assert timedelta(0) <= window.until - until < PERIOD
    assert timedelta(0) <= (window.until - window.since) - span < window.width
    assert 1 <= window.buckets <= buckets
    for begin, end in window.parts():
        assert period_of(begin) == begin
        assert end - begin == window.width


def rejection(since: datetime | None, until: datetime | None, buckets: int | None) -> Rejected:
    with pytest.raises(Rejected) as rejected:
        choose_window(since, until, buckets, NOW)
    return rejected.value


def test_a_window_that_ends_before_it_begins_is_refused() -> None:
    (problem,) = rejection(NOW, NOW - HOUR, None).problems

    assert problem.path == ("until",)
    assert problem.message == (
        "The window ends at 2026-03-14T08:26:53.589Z, which is not after its beginning at 2026-03-14T09:26:53.589Z;"
        " give an until that is later than since."
    )


def test_an_empty_window_is_refused() -> None:
    assert rejection(NOW, NOW, None).problems[0].path == ("until",)


def test_a_window_that_is_too_long_is_refused() -> None:
    (problem,) = rejection(NOW - MAX_SPAN - HOUR, NOW, None).problems

    assert problem.path == ("since",)
    assert problem.message == (
        "The window from 2025-12-12T08:26:53.589Z until 2026-03-14T09:26:53.589Z is longer than 92 days, which is the"
        " most that can be measured at once."
    )


@pytest.mark.parametrize("since", [NOW + HOUR, datetime(1969, 12, 31, tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_a_window_begins_neither_in_the_future_nor_before_there_was_anything(since: datetime) -> None:
    (problem,) = rejection(since, since + 2 * HOUR, None).problems

    assert problem.path == ("since",)
    assert "between the year 2000 and now" in problem.message


@pytest.mark.parametrize("buckets", [-1, 0, MAX_BUCKETS + 1])
def test_the_number_of_buckets_has_limits(buckets: int) -> None:
    (problem,) = rejection(None, None, buckets).problems

    assert problem.path == ("buckets",)
    assert problem.message == f"The argument buckets is {buckets}; it must be 1 to 200."


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert {problem.path[0] for problem in rejection(NOW + HOUR, NOW, 0).problems} == {"since", "until", "buckets"}


ANY_TIME = st.none() | st.datetimes(timezones=st.just(UTC))


@given(ANY_TIME, ANY_TIME, st.none() | st.integers(-1, MAX_BUCKETS + 1))
@example(None, datetime.min.replace(tzinfo=UTC), None)
@example(None, datetime.max.replace(tzinfo=UTC), None)
@example(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC), None)
def test_any_times_are_a_window_or_are_refused(
    since: datetime | None, until: datetime | None, buckets: int | None
) -> None:
    try:
        window = choose_window(since, until, buckets, NOW)
    except Rejected:
        return
    assert window.since < window.until
    assert window.buckets >= 1
