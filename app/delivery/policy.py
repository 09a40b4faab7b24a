"""The numbers that govern delivery, in one value. Their defaults are those of the settings, which give the reasons."""

from dataclasses import dataclass
from datetime import timedelta

from app.delivery.decide import BreakerPolicy
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How much a process sends at once, and its time limits."""

    max_in_flight: int
    breaker: BreakerPolicy
    disable_after: timedelta
    # A delivery whose ordering key has an earlier one still open waits for it at most this long.
    ordering_gives_way_after: timedelta
    sweep_seconds: float
    # A delivery that a fault of the server itself broke waits this long, so that it is neither lost nor tried in a
    # loop.
    broken_delay_seconds: float = 60.0
    # A delivery that did not leave because the egress proxy is away, which may be back soon, waits this long.
    not_attempted_delay_seconds: float = 5.0

    @classmethod
    def of(cls, settings: Settings) -> "DeliveryPolicy":
        """The policy that the settings define."""
        return cls(
            max_in_flight=settings.max_in_flight,
            breaker=BreakerPolicy(settings.breaker_threshold, timedelta(seconds=settings.breaker_open_seconds)),
            disable_after=timedelta(days=settings.disable_after_days),
            ordering_gives_way_after=timedelta(seconds=settings.ordering_gives_way_seconds),
            sweep_seconds=settings.sweep_seconds,
        )
