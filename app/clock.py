"""The time, as an argument: code that needs the time takes a `Clock`, so a test can move it.

The only time zone is UTC. A time is an aware `datetime` in Python, whole microseconds since the epoch in the database,
and RFC 3339 with milliseconds in text.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NewType, Protocol

Micros = NewType("Micros", int)
"""A time as the database has it: whole microseconds since the epoch."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A smaller difference between two clocks means that one runs a little fast or slow, not that it was set.
STEP = timedelta(seconds=1)


class Clock(Protocol):
    """Source of the time."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock. It may jump, even backwards: no code may depend on two readings being in order."""

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return datetime.now(UTC)


class SteadyClock:
    """A clock that follows the monotonic clock from the time it was set to, so no step of the machine's clock moves it.

    Attributes:
        machine: the clock it is first set by.
        monotonic: a monotonic clock in seconds.
    """

    def __init__(self, machine: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.machine = machine
        self.monotonic = monotonic
        self._moment = monotonic()
        self._time = machine.now()

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return self.at(self.monotonic())

    def at(self, moment: float) -> datetime:
        """Return the time at a moment of the monotonic clock."""
        return self._time + timedelta(seconds=moment - self._moment)

    def set(self, to: datetime, moment: float) -> None:
        """Continue from this time, which is the time at that moment of the monotonic clock."""
        self._time, self._moment = to, moment


def to_micros(time: datetime) -> Micros:
    """Return the whole microseconds from the epoch to an aware time of any zone, exactly.

    Raises:
        ValueError: the time is naive.
    """
    if time.tzinfo is not UTC and time.utcoffset() is None:
        raise ValueError(f"The time {time.isoformat()} has no zone; give an aware one, such as datetime.now(UTC).")
    passed = time - EPOCH
    return Micros((passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds)


def from_micros(micros: Micros) -> datetime:
    """Return the aware UTC time of microseconds since the epoch; the inverse of `to_micros`.

    Raises:
        OverflowError: it lies outside the years 1 to 9999.
    """
    return EPOCH + timedelta(microseconds=micros)


def rfc3339(time: datetime) -> str:
    """Return an aware time as RFC 3339 in UTC, e.g. "2026-11-23T10:00:00.123Z"; cut to the millisecond, not rounded.

    Raises:
        ValueError: the time is naive.
    """
    return rfc3339_at(to_micros(time))


def rfc3339_at(micros: Micros) -> str:
    """Format microseconds since the epoch, as `rfc3339` does.

    Raises:
        OverflowError: it lies outside the years 1 to 9999.
    """
    seconds, rest = divmod(micros, 1_000_000)
    return f"{_to_the_second(seconds)}.{rest // 1000:03d}Z"


@lru_cache(maxsize=64)  # times written together lie close together
def _to_the_second(seconds: int) -> str:
    return from_micros(Micros(seconds * 1_000_000)).isoformat().removesuffix("+00:00")
