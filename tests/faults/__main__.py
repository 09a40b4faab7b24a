"""The long form of the fault suite, for `make faults`: many rounds in both modes, and a table of the results.

    python -m tests.faults --rounds 100 --seed 4711

The seed fixes which faults happen in which order, to which process and when; other activity at those moments depends on
the machine.
"""

import argparse
import asyncio
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults import catalogue
from tests.faults.fault import Fault
from tests.faults.installation import Installation, distributed, embedded
from tests.faults.report import table
from tests.faults.rounds import Result, open_site


@dataclass(frozen=True)
class Mode:
    """A way to install the product: how it is opened, its faults, and its share of the rounds."""

    open: Callable[[Path], AbstractAsyncContextManager[Installation]]
    faults: Sequence[Fault]
    share: float


MODES = {
    "embedded": Mode(embedded, catalogue.EMBEDDED, 0.2),
    "distributed": Mode(distributed, catalogue.DISTRIBUTED, 0.6),
    "dramatiq": Mode(partial(distributed, by_dramatiq=True), catalogue.BY_DRAMATIQ, 0.2),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds and print their table; return 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="how many rounds, over all modes")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000), help="of all chance")
    parser.add_argument("--mode", choices=["all", *MODES], default="all")
    parser.add_argument("--only", default="", help="only faults whose name contains this")
    parser.add_argument("--directory", type=Path, default=None, help="where logs are kept; thrown away where left out")
    given = parser.parse_args(arguments)
    # An ended job counts as an interrupted one: all processes are ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _say(f"{given.rounds} rounds, SEED={given.seed}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="eev-webhooks-faults-") as temporary:
        results = asyncio.run(_run(given, given.directory or Path(temporary)))
    _say(table(results))
    _say(f"{len(results)} rounds in {time.monotonic() - began:.0f} s, SEED={given.seed}")
    wrong = [result for result in results if result.problems]
    for result in wrong:
        _say("\n  ".join([f"\n{result.fault}:", *result.problems[:20]]))
    return 1 if wrong else 0


async def _run(given: argparse.Namespace, directory: Path) -> list[Result]:
    chance = random.Random(given.seed)
    results: list[Result] = []
    for name, mode in MODES.items():
        faults = [fault for fault in mode.faults if given.only in fault.name]
        order = _order(faults, _rounds_of(name, given), chance)
        if order:
            place = directory / name
            place.mkdir(parents=True, exist_ok=True)
            async with mode.open(place) as at, open_site(at, chance) as site:
                for fault in order:
                    result = await site.round(fault)
                    result.fault = f"{name}: {fault.name}"
                    _say(_line(result))
                    results.append(result)
    return results


def _rounds_of(mode: str, given: argparse.Namespace) -> int:
    """How many rounds a mode gets; the distributed mode gets the remaining ones."""
    rounds: int = given.rounds
    if given.mode != "all":
        return rounds if given.mode == mode else 0
    others = sum(round(rounds * MODES[name].share) for name in MODES if name != "distributed")
    return rounds - others if mode == "distributed" else round(rounds * MODES[mode].share)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _order(faults: Sequence[Fault], count: int, chance: random.Random) -> list[Fault]:
    """That many faults in a random order, each about equally often."""
    order: list[Fault] = []
    while faults and len(order) < count:
        order += chance.sample(faults, len(faults))
    return order[:count]


def _line(result: Result) -> str:
    verdict = f"{len(result.problems)} PROBLEMS, first: {result.problems[0]}" if result.problems else "ok"
    return (
        f"{result.fault}: {result.events} events, {result.lost} lost, {result.doubles} doubles of"
        f" {result.held} held, well after {result.recovery_seconds:.1f} s: {verdict}"
    )


if __name__ == "__main__":
    sys.exit(main())
