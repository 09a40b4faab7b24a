"""How long attempts took, as counts by rounded duration: small, summable, and accurate to 2.5 %. Pure.

A duration is rounded to the middle of its step; steps are 2 to 5 % of the durations in them, and at least 50 µs. SQL
and Python round by the same table, so both databases and every way of counting agree.
"""

from collections import Counter
from collections.abc import Iterator


def _steps() -> Iterator[tuple[int, int]]:
    for power in range(3, 8):  # from a millisecond to a hundred seconds; the longest timeout is one minute
        unit = 10**power
        yield 2 * unit, unit // 20
        yield 5 * unit, unit // 10
        yield 10 * unit, unit // 5


_STEPS = tuple(_steps())
_LAST_STEP = 5_000_000


def rounded_sql(column: str) -> str:
    """An SQL expression that rounds a column of whole microseconds, for both databases."""
    cases = " ".join(f"WHEN {column} < {below} THEN {_middle_sql(column, step)}" for below, step in _STEPS)
    return f"CASE {cases} ELSE {_middle_sql(column, _LAST_STEP)} END"


def rounded(duration_us: int) -> int:
    """The same in Python."""
    step = next((step for below, step in _STEPS if duration_us < below), _LAST_STEP)
    return duration_us // step * step + step // 2


def percentile_ms(took: Counter[int], percent: int) -> float | None:
    """The shortest duration, in milliseconds, that at least this percentage of the attempts did not exceed (the nearest
    rank); None without attempts. `took` counts attempts by their rounded duration in microseconds.
    """
    rank = -(-took.total() * percent // 100)
    for duration in sorted(took):
        rank -= took[duration]
        if rank <= 0:
            return duration / 1_000
    return None


def _middle_sql(column: str, step: int) -> str:
    return f"{column} / {step} * {step} + {step // 2}"
