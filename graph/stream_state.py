"""The position of a subscription in the stream of updates, reported to the consumer of its results.

Results alone do not show it, because the client chooses their fields.
"""

from dataclasses import dataclass
from typing import NamedTuple

from app.updates.cursor import Cursor


class Told(NamedTuple):
    """What one message covers.

    Args:
        first: its first update, or its end if it has none: a follower positioned before it has seen none of it.
        end: position of followers after it.
        gap: whether it reports a gap.
        at: start of its production, in the event loop's time.
        since: position from which on it is complete; None means from the end of the previous message.
    """

    first: Cursor
    end: Cursor
    gap: bool
    at: float
    since: Cursor | None = None


@dataclass(slots=True)
class StreamState:
    """State shared by a subscription and the consumer of its results.

    Attributes:
        after: resume right after this cursor, regardless of the client's argument and without the first message.
        until: end when this is reached.
        shared: there are several followers, whose credentials are checked elsewhere.
        pause_seconds: minimum interval between two messages.
        catch_up_seconds: minimum interval between two separate subscriptions of a follower that falls behind.
        told: what the latest message covers; None before the first, or if the subscription cannot be shared.
    """

    after: str | None = None
    until: Cursor | None = None
    shared: bool = False
    pause_seconds: float = 0.0
    catch_up_seconds: float = 0.0
    told: Told | None = None

    def take(self) -> Told | None:
        """What the latest result covers; None if it is an error that ends the subscription."""
        told, self.told = self.told, None
        return told
