"""The fault suite in its short form: some rounds of each mode with a fixed seed. `make faults` is the long form.

Leases are shorter than by default, which only makes it quicker, because the checked bounds depend on them.
"""

import random
from collections.abc import Sequence
from pathlib import Path

from tests.faults import on_processes, on_services
from tests.faults.fault import Fault, together
from tests.faults.installation import Installation, distributed, embedded
from tests.faults.report import table
from tests.faults.rounds import Result, open_site

SEED = 20_261_123
QUICK = {"LEASE_SECONDS": "4", "HEARTBEAT_SECONDS": "0.5", "SWEEP_SECONDS": "0.5"}


async def run(at: Installation, faults: Sequence[Fault]) -> list[Result]:
    chance = random.Random(SEED)
    async with open_site(at, chance) as site:
        return [await site.round(fault) for fault in faults]


def problems(results: Sequence[Result]) -> list[str]:
    """Everything that was wrong, with the table of the run if anything was."""
    found = [f"{result.fault}: {problem}" for result in results for problem in result.problems]
    return [table(results), *found] if found else []


async def test_an_embedded_server_loses_nothing(tmp_path: Path) -> None:
    async with embedded(tmp_path, QUICK) as at:
        results = await run(at, [Fault("SIGKILL the server", on_processes.kill_all_deliverers, gap=True)])

    assert problems(results) == []


async def test_many_processes_lose_nothing(tmp_path: Path) -> None:
    async with distributed(tmp_path, QUICK) as at:
        results = await run(
            at,
            [
                Fault("SIGKILL a worker", on_processes.kill_deliverer),
                Fault("every connection to PostgreSQL ends", on_services.drop_postgres_connections),
                Fault("SIGSTOP a worker past its lease", on_processes.freeze_deliverer),
                Fault(
                    "PostgreSQL and the receiver stop at once, and Redis loses its data",
                    together(
                        together(on_services.restart_postgres, on_services.lose_redis), on_processes.kill_receiver
                    ),
                    gap=True,
                ),
            ],
        )

    assert problems(results) == []
