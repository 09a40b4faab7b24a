"""Where a subscription stands in what happens, told by the subscription to whoever takes its results.

Results alone do not say it: which fields they have is the client's choice.
"""

from dataclasses import dataclass
from typing import NamedTuple

from app.updates.cursor import Cursor


class Told(NamedTuple):
    """What one message covers.

    Args:
        first: its first update, or its end where it has none: whoever stands before that has seen nothing of it.
        end: where those who are told stand afterwards.
        gap: whether it tells of a gap.
        at: when it was begun, as the event loop counts.
        since: it is complete for whoever stands here or later; None: for whoever stands where the one before ended.
    """

    first: Cursor
    end: Cursor
    gap: bool
    at: float
    since: Cursor | None = None


@dataclass(slots=True)
class Place:
    """What is agreed between a subscription and whoever takes its results.

    Attributes:
        after: go on right after this cursor, whatever the client asked for, and without the first message.
        until: end when this is reached.
        shared: several are told; whether each still may be is not for the subscription to ask.
        pause_seconds: how far apart two messages are at least.
        told: what the latest message covers; None before the first, or where the subscription cannot be shared.
    """

    after: str | None = None
    until: Cursor | None = None
    shared: bool = False
    pause_seconds: float = 0.0
    told: Told | None = None

    def take(self) -> Told | None:
        """What the result that has just come covers; None where it is an error that ends the subscription."""
        told, self.told = self.told, None
        return told
