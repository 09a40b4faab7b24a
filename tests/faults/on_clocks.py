"""Clocks of machines are set and differ. Programs get such clocks by libfaketime."""

import asyncio
import random
from collections.abc import Sequence

import aiohttp

from tests.faults.fault import Happened
from tests.faults.installation import Installation
from tests.faults.on_processes import back, end_well
from tests.faults.programs import Program, until
from tests.patience import PATIENCE_SECONDS

HOUR_SECONDS = 3_600.0
SKEW_SECONDS = 30.0


async def step_clock(at: Installation, chance: random.Random) -> Happened:
    """Set the clock of a server an hour forward and back again, while it runs; end it before or after it has seen
    that.
    """
    victim = chance.choice(at.servers)
    await end_well(victim)
    victim.start_with_clock(0.0)
    await at.well([victim], PATIENCE_SECONDS)
    victim.set_clock(HOUR_SECONDS)
    await asyncio.sleep(chance.uniform(3.0, 5.0))
    victim.set_clock(0.0)
    await asyncio.sleep(chance.uniform(0.0, 5.0))
    await end_well(victim)
    happened = Happened()  # It works all the while; what counts as recovery is the last start.
    await back(at, happened, [victim])
    return happened


async def skew_server(at: Installation, chance: random.Random) -> Happened:
    """Restart a server with a clock that is ahead, and later with the right one."""
    return await _skewed(at, chance, at.servers)


async def skew_worker(at: Installation, chance: random.Random) -> Happened:
    """Restart a worker with a clock that is ahead, and later with the right one."""
    return await _skewed(at, chance, at.workers)


async def _skewed(at: Installation, chance: random.Random, programs: Sequence[Program]) -> Happened:
    victim = chance.choice(programs)
    await end_well(victim)
    victim.start_with_clock(SKEW_SECONDS)

    async def tells() -> bool:
        return await _tells_of_skew(at, victim)

    await until(f"{victim.name} told of its skew", tells, PATIENCE_SECONDS)
    await asyncio.sleep(chance.uniform(2.0, 5.0))
    await until(f"{victim.name} told of its skew still", tells, PATIENCE_SECONDS)
    await end_well(victim)
    happened = Happened()  # It works all the while; what counts as recovery is the last start.
    await back(at, happened, [victim])
    return happened


async def _tells_of_skew(at: Installation, program: Program) -> bool:
    """Whether a program that works says in its health, and in its metrics, how far its clock is ahead."""
    url = at.health[program]
    try:
        async with at.http.get(f"{url}/health/ready") as response:
            health = await response.json()
        async with at.http.get(f"{url}/metrics") as response:
            metrics = await response.text()
    except (aiohttp.ClientError, ValueError):
        return False
    values = [float(line.split()[1]) for line in metrics.splitlines() if line.startswith("eev_webhooks_clock_skew")]
    said = health["checks"].get("clock", {}).get("reason", "")
    return health["status"] == "degraded" and "ahead" in said and all(abs(v - SKEW_SECONDS) < 3 for v in values)
