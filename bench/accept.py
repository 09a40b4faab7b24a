"""c. Accept: events published and durably committed per second, beside the GraphQL layer alone and beside bare inserts
of the same number of rows.
"""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TypeAlias

from bench.client import PUBLISH_EVENT, PUBLISH_EVENTS, Client, request
from bench.installation import KEY, Mode, common_settings, installed
from bench.measure import Line, Target, percentiles
from bench.processes import Process, cpu_of, peaks_of, running, used_since
from bench.run import Run, baseline
from bench.workload import LANES, event

CLIENTS = 32
BATCH_CLIENTS = 4
BATCH = 100
# Sends a body, and raises if it is refused.
Send: TypeAlias = Callable[[bytes], Awaitable[object]]
LAYER_TARGET = Target(0.8, at_most=False)


@dataclass(frozen=True)
class Measured:
    """How much clients got done in a period, and the CPU that each process used for one event (ms)."""

    per_second: float
    answer_ms: list[float]
    cpu_ms: Mapping[str, float]

    @property
    def python_ms(self) -> float:
        """CPU of the product's processes for one event, without the database."""
        return sum(ms for name, ms in self.cpu_ms.items() if name in {"api", "worker"})


async def accept(run: Run) -> list[Line]:
    """Single events from 32 clients and batches from 4, in both modes; each alternates with its baseline."""
    lines: list[Line] = []
    rounds, seconds = run.sized(1, 4), run.sized(2, 2, 5)
    for mode in run.modes:
        async with (
            _layer_alone(run) as (layer_client, layer_processes),
            installed(run.services, mode, fan_out=0) as product,
        ):
            singles, layers, batches, bare = [], [], [], []
            for number in range(rounds):
                run.say(f"accept: {mode}, round {number + 1} of {rounds}")
                layers.append(await measure(layer_client.send, layer_processes, _singles(), CLIENTS, 1, seconds))
                singles.append(
                    await measure(product.client.send, product.all_processes, _singles(), CLIENTS, 1, seconds)
                )
            for _ in range(rounds):
                batches.append(
                    await measure(product.client.send, product.all_processes, _batches(), BATCH_CLIENTS, BATCH, seconds)
                )
                bare.append(await _bare(product.database_url, run.sized(2_000, 5_000)))
            peaks = peaks_of(product.processes)
        lines += [_single_line(mode, singles, layers, peaks), _batch_line(mode, batches, median(bare), peaks)]
    return lines


async def measure(
    send: Send, processes: dict[str, Process], bodies: Iterator[bytes], clients: int, weight: int, seconds: float
) -> Measured:
    """Let clients send one body after another for a while; each body contains `weight` events."""
    await _send(send, bodies, clients, 0.5)  # warm
    before, load, started = cpu_of(processes), process_time(), perf_counter()
    answer_ms = await _send(send, bodies, clients, seconds)
    took = perf_counter() - started
    count = len(answer_ms) * weight
    used = {**used_since(before, processes), "load": process_time() - load}
    return Measured(count / took, answer_ms, {name: seconds * 1_000 / count for name, seconds in used.items()})


async def _send(send: Send, bodies: Iterator[bytes], clients: int, seconds: float) -> list[float]:
    answer_ms: list[float] = []
    ends_at = perf_counter() + seconds

    async def one_after_another() -> None:
        while (begun := perf_counter()) < ends_at:
            await send(next(bodies))
            answer_ms.append((perf_counter() - begun) * 1_000)

    await asyncio.gather(*(one_after_another() for _ in range(clients)))
    return answer_ms


@asynccontextmanager
async def _layer_alone(run: Run) -> AsyncIterator[tuple[Client, dict[str, Process]]]:
    """A server with a publisher that returns at once, and a client."""
    directory = run.services.directory / f"instant-{perf_counter()}"
    directory.mkdir()
    environment = common_settings(directory)
    command: tuple[str | Path, ...] = (sys.executable, "-m", "bench.instant_server")
    log = directory / "serve.log"
    async with running(*command, ready="The API is at", log=log, environment=environment) as server:
        url = server.line.rpartition(" ")[2].removesuffix("/graphql")
        async with Client(url, KEY) as client:
            yield client, {"api": server.process}


async def _bare(database_url: str, rows: int) -> float:
    """Rows per second by COPY or executemany, with as many per commit as a batch has events."""
    measured = await baseline("insert", database_url, rows, BATCH)
    return float(rows / measured["seconds"])


def _singles() -> Iterator[bytes]:
    return itertools.cycle([request(PUBLISH_EVENT, {"input": event(lane)}) for lane in range(LANES)])


def _batches() -> Iterator[bytes]:
    return itertools.cycle([request(PUBLISH_EVENTS, {"input": {"events": [event(n) for n in range(BATCH)]}})])


def _single_line(
    mode: Mode, singles: Sequence[Measured], layers: Sequence[Measured], peaks: Mapping[str, float]
) -> Line:
    cpu, layer_cpu = (median(one.python_ms for one in rounds) for rounds in (singles, layers))
    beside = _beside(singles) | {"layer CPU ms": layer_cpu, "CPU to the layer's": cpu / layer_cpu} | dict(peaks)
    return Line(
        *("accept", f"{mode}, {CLIENTS} clients", "publishEvent"),
        *(median(one.per_second for one in singles), "events/s", median(one.per_second for one in layers)),
        LAYER_TARGET,
        beside,
    )


def _batch_line(mode: Mode, batches: Sequence[Measured], bare: float, peaks: Mapping[str, float]) -> Line:
    return Line(
        *("accept", f"{mode}, {BATCH_CLIENTS} clients × {BATCH}", "publishEvents"),
        *(median(one.per_second for one in batches), "events/s", bare),
        details=_beside(batches) | dict(peaks),
    )


def _beside(rounds: Sequence[Measured]) -> dict[str, float]:
    """The percentiles over all rounds, and the median of each process's CPU."""
    cpu_ms = {f"{name} CPU ms": median(one.cpu_ms[name] for one in rounds) for name in rounds[0].cpu_ms}
    return percentiles([ms for one in rounds for ms in one.answer_ms]).named() | cpu_ms
