"""The numbers that delivery goes by, in one value: from settings at the entry point, or chosen by a test."""

from dataclasses import dataclass, field
from datetime import timedelta

from app.delivery.decide import BreakerPolicy


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """How much a process sends at once, and how long things may take."""

    max_in_flight: int = 1_000
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    disable_after: timedelta = timedelta(days=5)
    # A delivery whose ordering key has an earlier one still open waits for it at most this long.
    ordering_gives_way_after: timedelta = timedelta(hours=24)
    sweep_seconds: float = 1.0
    # A delivery that failed by a fault of the server's own waits this long, so that it is neither lost nor tried in a
    # circle.
    broken_delay_seconds: float = 60.0
