"""g. Hold: steady load for a while; memory and latency at the end beside those at the beginning."""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.installation import Installation, Mode, installed
from bench.load import publish_steadily
from bench.measure import Line, Percentiles, Target, percentiles
from bench.meter import Meter, Reading
from bench.run import Run

RATE = 100
PARTS = 5
GROWTH_TARGET = Target(1.1)


async def hold(run: Run) -> list[Line]:
    """Ten minutes at full size, else a minute: the growth of each process and of the latency to the receipt."""
    lines: list[Line] = []
    for mode in run.modes:
        async with installed(run.services, mode, fan_out=1) as product:
            lines += await _case(run, product, mode, run.sized(10, 60, 600))
    return lines


@dataclass(frozen=True)
class Part:
    """A fifth of the time: latencies to the receipt, CPU used, and each process's memory at its end (MB)."""

    receipts: Percentiles
    reading: Reading
    count: int
    memory: Mapping[str, float]

    @property
    def cpu_ms(self) -> float:
        """CPU of the product's processes for one event."""
        return self.reading.python * 1_000 / self.count


async def _case(run: Run, product: Installation, mode: Mode, seconds: int) -> list[Line]:
    warm = await publish_steadily(product, RATE, run.sized(2, 5))
    await product.until_delivered(len(warm.due_at))
    parts = []
    for number in range(PARTS):
        run.say(f"hold: {mode}, part {number + 1} of {PARTS}")
        parts.append(await _part(product, seconds / PARTS))
    first, last = parts[0], parts[-1]
    case = f"{mode}, {seconds} s at {RATE}/s"
    return [
        *(
            Line("hold", case, f"memory of {name}", last.memory[name], "MB", first.memory[name], GROWTH_TARGET)
            for name in product.processes
        ),
        Line(
            *("hold", case, "publish to receipt, p95", last.receipts.p95, "ms", first.receipts.p95),
            details=last.receipts.named(),
        ),
        Line("hold", case, "CPU of an event", last.cpu_ms, "ms", first.cpu_ms, details=last.reading.each(last.count)),
    ]


async def _part(product: Installation, seconds: float) -> Part:
    await product.receipts()
    delivered, meter = await product.delivered(), Meter(product)
    published = await publish_steadily(product, RATE, seconds)
    await product.until_delivered(delivered + len(published.due_at))
    reading = meter.read()
    receipts = percentiles(published.since_due(await product.arrivals()))
    memory = {name: process.cost.memory_mb for name, process in product.processes.items()}
    return Part(receipts, reading, len(published.due_at), memory)
