from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from app.database.database import Database
from app.stats.latency import percentile_ms, rounded, rounded_sql

DURATIONS = st.integers(0, 600_000_000)


@given(st.integers(1_000, 100_000_000))
def test_a_duration_between_a_millisecond_and_100_seconds_is_rounded_by_at_most_2_5_percent(duration: int) -> None:
    assert abs(rounded(duration) - duration) <= duration * 0.025


@given(DURATIONS, DURATIONS)
def test_rounding_keeps_the_order(one: int, other: int) -> None:
    assert (one <= other) <= (rounded(one) <= rounded(other))


async def test_both_databases_round_as_python_does(database_url: str) -> None:
    edges = [10**power * factor // 10 + step for power in range(9) for factor in (10, 20, 50) for step in (-1, 0, 1)]
    durations = sorted({max(0, edge) for edge in edges} | set(range(0, 20_000, 7)) | {123_456, 59_999_999, 10**12})

    async with Database(database_url) as database:
        rows = await database.fetch_rows(
            f"SELECT given.duration, {rounded_sql('given.duration')} AS rounded FROM {{rows}} AS given",
            (("duration", "bigint"),),
            [(duration,) for duration in durations],
        )

    assert {row["duration"]: row["rounded"] for row in rows} == {duration: rounded(duration) for duration in durations}


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile_ms(Counter(), 50) is None


def test_a_single_attempt_is_every_percentile() -> None:
    assert {percentile_ms(Counter({42_500: 1}), percent) for percent in (1, 50, 99, 100)} == {42.5}


def test_the_nearest_rank_is_taken() -> None:
    took = Counter({1_000: 50, 2_000: 45, 3_000: 4, 4_000: 1})

    assert [percentile_ms(took, percent) for percent in (50, 51, 95, 96, 99, 100)] == [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]


@given(st.lists(st.integers(1_000, 60_000_000), min_size=200, max_size=400))
def test_percentiles_are_near_those_of_the_exact_durations(durations: list[int]) -> None:
    exact = sorted(durations)

    for percent in (50, 95, 99):
        nearest = exact[-(-len(exact) * percent // 100) - 1]
        found = percentile_ms(Counter(map(rounded, durations)), percent)
        assert found is not None
        assert abs(found - nearest / 1_000) <= nearest / 1_000 * 0.025
