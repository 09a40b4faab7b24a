"""Percentiles, ratios and verdicts."""

import pytest

from bench.measure import Line, Percentiles, Target, percentile, percentiles


def test_a_percentile_is_the_smallest_value_that_enough_values_do_not_exceed() -> None:
    values = [float(number) for number in range(100, 0, -1)]

    found = percentiles(values)

    assert found == Percentiles(p50=50, p95=95, p99=99)


def test_one_value_is_every_percentile() -> None:
    assert percentiles([7]) == Percentiles(7, 7, 7)
    assert percentile([7], 0) == 7


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 0.5)


def test_a_target_is_for_the_ratio_where_there_is_a_baseline() -> None:
    fast = Line("deliver", "embedded", "CPU", 0.2, "ms", 0.1, Target(2.5))
    slow = Line("deliver", "embedded", "CPU", 0.3, "ms", 0.1, Target(2.5))

    assert fast.ratio == pytest.approx(2)
    assert fast.holds
    assert not slow.holds


def test_a_target_is_for_the_value_where_there_is_no_baseline() -> None:
    assert Line("latency", "200/s", "p95", 9.9, "ms", target=Target(10)).holds
    assert not Line("latency", "200/s", "p95", 10.1, "ms", target=Target(10)).holds


def test_a_target_may_be_for_the_value_although_there_is_a_baseline() -> None:
    target = Target(10, of_value=True)

    assert Line("latency", "200/s", "p95", 9.9, "ms", 0.1, target).holds
    assert not Line("latency", "200/s", "p95", 10.1, "ms", 5, target).holds


def test_a_line_without_a_target_has_no_verdict() -> None:
    assert Line("latency", "50/s", "p95", 9.9, "ms", 3.3).holds is None


def test_a_target_may_be_the_least_there_has_to_be() -> None:
    target = Target(0.8, at_most=False)

    assert target.holds(0.8)
    assert not target.holds(0.79)
    assert str(target) == "≥ 0.8"
