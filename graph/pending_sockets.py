"""Sockets that have not sent connection_init yet: anyone can open them, so they are bounded and served last.

They are bounded in total and for each address. If all places are taken, a new socket gets the place of the oldest one
if that one's time is over; otherwise it is refused. Few are accepted in one iteration of the event loop, so that
requests that arrive at the same time are answered between them.
"""

import time
from collections.abc import Callable

from graph.turns import Turns

# How long a socket keeps its place when others want it. A client sends connection_init as soon as its socket is open.
UNDER_PRESSURE_SECONDS = 1.0


class Place:
    """The place of one socket, until it sends connection_init or ends."""

    def __init__(self, address: str | None, evict: Callable[[], object], since: float) -> None:
        self.address = address
        self.evict = evict
        self.since = since


class PendingSockets:
    """The places of one process.

    Args:
        most: number of places.
        most_of_address: how many of them sockets from one address can have.
        now: monotonic time in seconds.
    """

    def __init__(self, most: int, most_of_address: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._most_of_address = most_of_address
        self._now = now
        # Dictionaries keep the order in which places were taken.
        self._all: dict[Place, None] = {}
        self._by_address: dict[str | None, dict[Place, None]] = {}
        self._turns = Turns()

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, address: str | None, evict: Callable[[], object]) -> Place | None:
        """Take a place for a socket from an address; None if there is none.

        Args:
            evict: closes the socket; called if another one gets its place.
        """
        of_address = self._by_address.get(address, {})
        if not (self._has_room(of_address, self._most_of_address) and self._has_room(self._all, self._most)):
            return None
        place = Place(address, evict, self._now())
        self._all[place] = None
        self._by_address.setdefault(address, {})[place] = None
        return place

    def leave(self, place: Place) -> None:
        """Give a place back. Idempotent."""
        if self._all.pop(place, self) is self:
            return
        of_address = self._by_address[place.address]
        del of_address[place]
        if not of_address:
            del self._by_address[place.address]

    async def turn(self) -> None:
        """Wait until it is this socket's turn to be accepted."""
        await self._turns.turn()

    def _has_room(self, places: dict[Place, None], most: int) -> bool:
        """Whether one of these places is free, or can be taken because its socket's time is over."""
        if len(places) < most:
            return True
        oldest = next(iter(places))
        if self._now() - oldest.since < UNDER_PRESSURE_SECONDS:
            return False
        self.leave(oldest)
        oldest.evict()
        return True
