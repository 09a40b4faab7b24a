"""c. Accept: events published and durably committed per second, beside the GraphQL layer alone and beside bare inserts
of as many rows."""

import asyncio
import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.client import PUBLISH_EVENT, PUBLISH_EVENTS, Client, request
from bench.installation import KEY, Mode, installed
from bench.measure import Line, Target, percentiles
from bench.processes import Process, cpu_of, peaks_of, running, used_since
from bench.run import Run, baseline
from bench.workload import LANES, event

CLIENTS = 32
BATCH_CLIENTS = 4
BATCH = 100
LAYER_TARGET = Target(0.8, at_most=False)


@dataclass(frozen=True)
class Measured:
    """What clients got done in a time."""

    per_second: float
    answer_ms: list[float]
    cpu_ms: dict[str, float]


async def accept(run: Run) -> list[Line]:
    """Single events by 32 clients and batches by 4, in both modes."""
    lines: list[Line] = []
    seconds = run.sized(2, 6)
    for mode in run.modes:
        run.say(f"accept: {mode}, the GraphQL layer alone")
        layer = await _layer_alone(run, seconds)
        async with installed(run.services, mode, fan_out=0) as product:
            run.say(f"accept: {mode}, single events")
            single = await measure(product.client, product.all_processes, _singles(), CLIENTS, 1, seconds)
            run.say(f"accept: {mode}, batches")
            batches = await measure(product.client, product.all_processes, _batches(), BATCH_CLIENTS, BATCH, seconds)
            rows = run.sized(2_000, 20_000)
            bare = await baseline("insert", product.database_url, rows, BATCH)
            lines += _lines(mode, single, layer, batches, rows / bare["seconds"], peaks_of(product.processes))
    return lines


async def measure(
    client: Client, processes: dict[str, Process], bodies: Iterator[bytes], clients: int, weight: int, seconds: float
) -> Measured:
    """Let clients send one body after another for a while; each holds `weight` events."""
    await _send(client, bodies, clients, 0.5)  # warm
    before, started = cpu_of(processes), perf_counter()
    answer_ms = await _send(client, bodies, clients, seconds)
    took = perf_counter() - started
    count = len(answer_ms) * weight
    cpu_ms = {f"{name} CPU ms": used * 1_000 / count for name, used in used_since(before, processes).items()}
    return Measured(count / took, answer_ms, cpu_ms)


async def _send(client: Client, bodies: Iterator[bytes], clients: int, seconds: float) -> list[float]:
    answer_ms: list[float] = []
    ends_at = perf_counter() + seconds

    async def one_after_another() -> None:
        while (begun := perf_counter()) < ends_at:
            await client.send(next(bodies))
            answer_ms.append((perf_counter() - begun) * 1_000)

    await asyncio.gather(*(one_after_another() for _ in range(clients)))
    return answer_ms


async def _layer_alone(run: Run, seconds: float) -> Measured:
    directory = run.services.directory / f"instant-{perf_counter()}"
    directory.mkdir()
    environment = {"DATA_DIR": str(directory), "PORT": "0", "BOOTSTRAP_API_KEY": KEY, "LOG_FORMAT": "json"}
    command: tuple[str | Path, ...] = (sys.executable, "-m", "bench.instant_server")
    log = directory / "serve.log"
    async with running(*command, ready="The API is at", log=log, environment=environment) as server:
        url = server.line.rpartition(" ")[2].removesuffix("/graphql")
        async with Client(url, KEY) as client:
            return await measure(client, {"api": server.process}, _singles(), CLIENTS, 1, seconds)


def _singles() -> Iterator[bytes]:
    return itertools.cycle([request(PUBLISH_EVENT, {"input": event(lane)}) for lane in range(LANES)])


def _batches() -> Iterator[bytes]:
    return itertools.cycle([request(PUBLISH_EVENTS, {"input": {"events": [event(n) for n in range(BATCH)]}})])


def _lines(
    mode: Mode, single: Measured, layer: Measured, batches: Measured, bare: float, peaks: dict[str, float]
) -> list[Line]:
    beside = percentiles(single.answer_ms).named() | single.cpu_ms | {"layer CPU ms": layer.cpu_ms["api CPU ms"]}
    return [
        Line(
            *("accept", f"{mode}, {CLIENTS} clients", "publishEvent", single.per_second, "events/s"),
            layer.per_second,
            LAYER_TARGET,
            beside,
        ),
        Line(
            *("accept", f"{mode}, {BATCH_CLIENTS} clients × {BATCH}", "publishEvents", batches.per_second, "events/s"),
            bare,
            None,
            percentiles(batches.answer_ms).named() | batches.cpu_ms | peaks,
        ),
    ]
