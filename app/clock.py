"""What time it is, as an argument: code that needs the time is given a `Clock`, so a test can move it.

Refuses to know any time zone but UTC. Times are aware `datetime`s in Python, whole microseconds since the epoch in the database, and
RFC 3339 with milliseconds in text.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """Returns the time, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock. It may jump, backwards too: nothing may depend on two readings being in order."""

    def now(self) -> datetime:
        return datetime.now(UTC)


def to_micros(time: datetime) -> int:
    """Returns whole microseconds since the epoch, exactly, for an aware time of any zone. Raises ValueError for a naive one."""
    return (_aware(time) - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """Returns the aware UTC time that is `micros` microseconds after the epoch. Raises OverflowError outside the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=micros)


def rfc3339(time: datetime) -> str:
    """Returns an aware time as "2026-11-23T10:00:00.123Z" (RFC 3339, milliseconds, cut and not rounded). Raises ValueError for a naive one."""
    return _aware(time).astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _aware(time: datetime) -> datetime:
    if time.utcoffset() is None:
        raise ValueError(f"The time {time.isoformat()} has no zone; give an aware time, such as datetime.now(UTC).")
    return time
