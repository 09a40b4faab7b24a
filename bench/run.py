"""One run of the bench: the arguments of every figure."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from bench.installation import MODES, Mode, Services

Size = Literal["quick", "default", "full"]


@dataclass(frozen=True)
class Run:
    """How big the measurements are, the services they share, and how to report progress."""

    services: Services
    size: Size
    say: Callable[[str], object]
    modes: tuple[Mode, ...] = MODES

    def sized(self, quick: int, default: int, full: int | None = None) -> int:
        """The number for this run's size."""
        return {"quick": quick, "default": default, "full": default if full is None else full}[self.size]


async def baseline(*arguments: object) -> dict[str, Any]:
    """The result of `bench.baselines`, run in a separate process.

    Raises:
        RuntimeError: it failed.
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.baselines", *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"The baseline {arguments[0]} ended with {child.returncode}.")
    measured: dict[str, Any] = orjson.loads(output)
    return measured
