"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)


class FakeClock:
    """An `app.clock.Clock` for tests."""

    def __init__(self, start: datetime = START) -> None:
        if start.utcoffset() is None:
            raise ValueError(f"The time {start.isoformat()} has no zone; give an aware one.")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time, aware and in UTC."""
        return self._now

    def advance(self, by: timedelta | float) -> datetime:
        """Move by a duration or by seconds, backwards too as a machine's clock may, and return the new time."""
        self._now += by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self._now


class FakeMachine(FakeClock):
    """A machine's clock and its monotonic one, which stands still as well; `advance` is a step, `pass_` moves both."""

    def __init__(self, start: datetime = START) -> None:
        super().__init__(start)
        self._seconds = 0.0

    def monotonic(self) -> float:
        """Return the elapsed seconds, unaffected by steps of the clock."""
        return self._seconds

    def pass_(self, seconds: float) -> None:
        """Let this much time pass."""
        self._seconds += seconds
        self.advance(seconds)
