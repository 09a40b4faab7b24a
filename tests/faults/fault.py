"""What can happen to a running installation, and what is known afterwards.

A fault is over when its outside cause is over: the service runs again, the frozen process continues, or the killed one
was started again as any supervisor does. Recovering from it is up to the product.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from tests.faults.installation import Installation
from tests.faults.journal import Pair


@dataclass
class Happened:
    """What a fault did.

    Attributes:
        began: seconds since the epoch, as `over` is.
        held: deliveries in flight in the affected processes, which may be sent twice.
        again_seconds: how long it took until all of them were sent again; None if there were none.
        again_within: how long that may take.
        start_seconds: how long programs took that were started again, part of the recovery.
    """

    began: float = field(default_factory=time.time)
    over: float = 0.0
    held: set[Pair] = field(default_factory=set)
    again_seconds: float | None = None
    again_within: float = 0.0
    start_seconds: float = 0.0


Do = Callable[[Installation, random.Random], Awaitable[Happened]]


def together(first: Do, second: Do) -> Do:
    """Both at the same time; deliveries in flight may take as long as after one and then the other."""

    async def do(at: Installation, chance: random.Random) -> Happened:
        one, other = await asyncio.gather(first(at, chance), second(at, chance))
        within = one.again_within + other.again_within
        starts = max(one.start_seconds, other.start_seconds)
        over, held = max(one.over, other.over), one.held | other.held
        return replace(one, over=over, held=held, again_within=within, start_seconds=starts)

    return do


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        gap: whether followers may get a gap, because the carrier of updates has lost them.
        prompt: whether deliveries are as quick as ever meanwhile.
    """

    name: str
    do: Do
    gap: bool = False
    prompt: bool = False
