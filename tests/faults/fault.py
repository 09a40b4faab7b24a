"""What can be done to a running installation, and what is known of it afterwards.

A fault is over when its outside cause is over: the service runs again, the frozen process goes on, the killed one was
started again as any supervisor does. Coming to terms with it is the product's own affair.
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
        held: what was on its way in what was hit, and so may go out twice.
        again_seconds: how long it took until all of that went out again; None where nothing was held.
        again_within: how long that may take.
    """

    began: float = field(default_factory=time.time)
    over: float = 0.0
    held: set[Pair] = field(default_factory=set)
    again_seconds: float | None = None
    again_within: float = 0.0


Do = Callable[[Installation, random.Random], Awaitable[Happened]]


def together(first: Do, second: Do) -> Do:
    """Both at the same time; what was held may take as long as after one and the other."""

    async def do(at: Installation, chance: random.Random) -> Happened:
        one, other = await asyncio.gather(first(at, chance), second(at, chance))
        within = one.again_within + other.again_within
        return replace(one, over=max(one.over, other.over), held=one.held | other.held, again_within=within)

    return do


@dataclass(frozen=True)
class Fault:
    """A kind of fault.

    Attributes:
        gap: whether followers may be told that they missed something: what carries updates has forgotten them.
    """

    name: str
    do: Do
    gap: bool = False
