"""Which time is measured, and in which parts. Pure.

A window of up to an hour is measured as requested, to the millisecond. A longer one is read from closed periods of five
minutes as far as possible, so its buckets are whole periods: it is moved to the end of the period that contains
`until`, and extended at its beginning by less than one bucket.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from app.clock import EPOCH, rfc3339
from app.errors import Problem, Rejected, UserErrorCode

PERIOD = timedelta(minutes=5)
DEFAULT_SPAN = timedelta(hours=24)
DEFAULT_BUCKETS = 24
MAX_BUCKETS = 200
# At ten million deliveries a day an hour has 420,000: half a second of counting.
MAX_EXACT_SPAN = timedelta(hours=1)
# A quarter of a year is 26,000 periods to add up.
MAX_SPAN = timedelta(days=92)

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` up to but not including `until`, in `buckets` parts of the same `width`. `in_periods`: all of these
    are whole periods.
    """

    since: datetime
    until: datetime
    buckets: int
    in_periods: bool

    @property
    def width(self) -> timedelta:
        """Length of a bucket."""
        return (self.until - self.since) / self.buckets

    def parts(self) -> Iterator[tuple[datetime, datetime]]:
        """Begin and end of each bucket."""
        span = self.until - self.since
        for number in range(self.buckets):
            yield self.since + span * number / self.buckets, self.since + span * (number + 1) / self.buckets


def choose_window(since: datetime | None, until: datetime | None, buckets: int | None, now: datetime) -> Window:
    """The requested window; by default the 24 hours before `until`, which is now by default.

    Raises:
        Rejected: all problems, each with the argument it concerns.
    """
    end = until or now
    # Times out of bounds are refused below; near the ends of the calendar, arithmetic with them would overflow.
    begin = since or max(end, _EARLIEST + DEFAULT_SPAN) - DEFAULT_SPAN
    parts = DEFAULT_BUCKETS if buckets is None else buckets
    problems = list(_problems(begin, end, parts, now))
    if problems:
        raise Rejected(problems)
    if end - begin <= MAX_EXACT_SPAN:
        return Window(begin, end, parts, in_periods=False)
    width = _whole_periods((end - begin) / parts)
    count = -(-(end - begin) // width)
    end = EPOCH + _whole_periods(end - EPOCH)
    return Window(end - width * count, end, count, in_periods=True)


def _problems(since: datetime, until: datetime, buckets: int, now: datetime) -> Iterator[Problem]:
    if not _EARLIEST <= since <= now:
        message = f"The window begins at {rfc3339(since)}; it must begin between the year 2000 and now, {rfc3339(now)}."
        yield Problem(message, ("since",), UserErrorCode.INVALID)
    if since >= until:
        message = (
            f"The window ends at {rfc3339(until)}, which is not after its beginning at {rfc3339(since)}; give an until"
            " that is later than since."
        )
        yield Problem(message, ("until",), UserErrorCode.INVALID)
    elif until - since > MAX_SPAN:
        message = (
            f"The window from {rfc3339(since)} until {rfc3339(until)} is longer than {MAX_SPAN.days} days, which is the"
            " most that can be measured at once."
        )
        yield Problem(message, ("since",), UserErrorCode.INVALID)
    if not 1 <= buckets <= MAX_BUCKETS:
        message = f"The argument buckets is {buckets}; it must be 1 to {MAX_BUCKETS}."
        yield Problem(message, ("buckets",), UserErrorCode.INVALID)


def _whole_periods(time: timedelta) -> timedelta:
    """The time, rounded up to whole periods."""
    return -(-time // PERIOD) * PERIOD


def period_of(at: datetime) -> datetime:
    """Begin of the period that contains a time."""
    return at - (at - EPOCH) % PERIOD
