"""f. Backlog: everything is due at once after an outage; how long it takes, and whether memory stays flat meanwhile."""

import asyncio
from statistics import mean
from time import monotonic_ns

from app.clock import SystemClock, to_micros
from app.database.database import Database
from bench.deliver import publish
from bench.installation import Installation, Mode, installed
from bench.measure import Line, Target, percentile, percentiles
from bench.meter import Meter
from bench.run import Run, baseline

GROWTH_TARGET = Target(1.15)
SAMPLE_SECONDS = 0.25
PATIENCE_SECONDS = 900.0


async def backlog(run: Run) -> list[Line]:
    """The time to drain and the memory of each process, in both modes."""
    lines: list[Line] = []
    for mode in run.modes:
        lines += await _case(run, mode)
    return lines


async def _case(run: Run, mode: Mode) -> list[Line]:
    count = run.sized(2_000, 20_000, 200_000)
    async with installed(run.services, mode, fan_out=5) as product:
        run.say(f"backlog: {mode}, filling")
        await publish(product, 200)
        await product.until_delivered(1_000)
        await _set_webhooks(product, "PAUSED")
        await publish(product, count // 5)
        bare = [await _bare(product, count)]
        run.say(f"backlog: {mode}, draining {count:,}")
        await product.receipts()
        meter, began = Meter(product), monotonic_ns()
        await _set_webhooks(product, "ACTIVE")
        draining = asyncio.create_task(product.until_delivered(1_000 + count, PATIENCE_SECONDS))
        memory = await _sampled(product, draining)
        reading = meter.read()
        waits_ms = [(at - began) / 1e6 for _, at in await product.receipts()]
        bare.append(await _bare(product, count))
    case = f"{mode}, {count:,} due"
    details = {"s to drain": reading.seconds} | percentiles(waits_ms).named("to receipt ") | reading.each(count)
    return [
        Line("backlog", case, "drained", count / reading.seconds, "deliveries/s", mean(bare), None, details),
        *(
            Line("backlog", case, f"memory of {name}", late, "MB", early, GROWTH_TARGET)
            for name, (early, late) in memory.items()
        ),
    ]


async def _bare(product: Installation, count: int) -> float:
    """Requests per second of the bare loop."""
    requests = min(count, 10_000)
    measured = await baseline("deliver", product.bare_url, requests)
    return float(requests / measured["seconds"])


async def _sampled(product: Installation, draining: "asyncio.Task[None]") -> dict[str, tuple[float, float]]:
    """Each process's memory (MB): a fifth of the way into the draining, and the maximum after that."""
    samples: dict[str, list[float]] = {name: [] for name in product.processes}
    while not draining.done():
        for name, process in product.processes.items():
            samples[name].append(process.cost.memory_mb)
        await asyncio.wait([draining], timeout=SAMPLE_SECONDS)
    draining.result()
    return {name: _early_and_late(values) for name, values in samples.items()}


def _early_and_late(values: list[float]) -> tuple[float, float]:
    settled = len(values) // 5
    return percentile(values[: settled + 1], 1), percentile(values[settled:], 1)


async def _set_webhooks(product: Installation, status: str) -> None:
    """Pause or resume all webhooks at once, as if all receivers had an outage."""
    now = to_micros(SystemClock().now())
    async with Database(product.database_url) as database, database.transaction() as statements:
        await statements.execute("UPDATE webhook SET status = $1, updated_at = $2", status, now)
        await statements.execute("UPDATE workspace SET registry_version = registry_version + 1")
