"""The summary of the demonstration: whether everything published was delivered, verified and seen live."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of one demonstration."""

    events: int
    deliveries: int
    succeeded: int
    attempts: int
    failed_attempts: int
    requests: int
    verified: int
    live_updates: int
    seconds: float

    @property
    def missing(self) -> list[str]:
        """What went wrong, as sentences; empty if nothing did."""
        checks = {
            f"Only {self.succeeded} of {self.deliveries} deliveries succeeded.": self.succeeded == self.deliveries,
            f"Only {self.verified} of {self.requests} requests were verified.": self.verified == self.requests,
            f"{self.attempts} attempts were recorded, but {self.requests} requests came.": self.attempts
            == self.requests,
            "No attempt failed, though one receiver was told to.": self.failed_attempts > 0,
            "Fewer live updates came than attempts were made.": self.live_updates >= self.attempts,
        }
        return [sentence for sentence, holds in checks.items() if not holds]

    def fields(self) -> dict[str, Any]:
        """The summary for scripts."""
        return {
            "events": self.events,
            "deliveries": self.deliveries,
            "succeeded": self.succeeded,
            "attempts": self.attempts,
            "failedAttempts": self.failed_attempts,
            "requests": self.requests,
            "verified": self.verified,
            "liveUpdates": self.live_updates,
            "seconds": round(self.seconds, 1),
            "missing": self.missing,
        }
