"""Figures computed from measurements: percentiles, and result lines with their ratios and targets. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long something took, in milliseconds."""

    p50: float
    p95: float
    p99: float

    def named(self, prefix: str = "") -> dict[str, float]:
        """The three by name, e.g. for the details of a line."""
        return {f"{prefix}p50 ms": self.p50, f"{prefix}p95 ms": self.p95, f"{prefix}p99 ms": self.p99}


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of the values does not exceed (the nearest rank).

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("There is no percentile of no values: nothing was measured.")
    ranked = sorted(values)
    return ranked[max(0, math.ceil(share * len(ranked)) - 1)]


def percentiles(milliseconds: Sequence[float]) -> Percentiles:
    """The three that are shown.

    Raises:
        ValueError: nothing was measured.
    """
    return Percentiles(*(percentile(milliseconds, share) for share in (0.50, 0.95, 0.99)))


@dataclass(frozen=True, slots=True)
class Target:
    """What a line's ratio must reach; or its value, if `of_value` says so or there is no baseline."""

    limit: float
    at_most: bool = True
    of_value: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value is on the right side."""
        return value <= self.limit if self.at_most else value >= self.limit

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How the database runs one statement.

    Attributes:
        statement: its SQL.
        short: the kinds of its nodes, with the indexes and tables they read.
        whole: the output of EXPLAIN.
    """

    statement: str
    short: str
    whole: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the result: a value, and what it is compared with.

    Attributes:
        figure: deliver, latency …
        case: the circumstances, e.g. "embedded, fan-out 1".
        name: what was measured.
        unit: of `value` and `baseline`.
        baseline: the same for the least work that could do it, in the same run.
        target: of the ratio to the baseline, or of the value.
        details: other measurements, each with its unit in its name.
        plans: of a query, how the database runs each of its statements (EXPLAIN's JSON).
    """

    figure: str
    case: str
    name: str
    value: float
    unit: str
    baseline: float | None = None
    target: Target | None = None
    details: Mapping[str, float] = field(default_factory=dict)
    plans: Sequence[Plan] = ()

    @property
    def ratio(self) -> float | None:
        """The value as a multiple of the baseline."""
        return None if not self.baseline else self.value / self.baseline

    @property
    def holds(self) -> bool | None:
        """Whether the target is reached; None if there is none."""
        if self.target is None:
            return None
        return self.target.holds(self.value if self.ratio is None or self.target.of_value else self.ratio)
