"""g. Hold: steady load for a while; memory and latency at the end beside those at the beginning."""

from bench.installation import Installation, Mode, installed
from bench.load import publish_steadily
from bench.measure import Line, Target, percentiles
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


async def _case(run: Run, product: Installation, mode: Mode, seconds: int) -> list[Line]:
    warm = await publish_steadily(product, RATE, 2)
    await product.until_delivered(len(warm.due_at))
    receipt_ms: list[float] = []
    memory: list[dict[str, float]] = []
    for part in range(PARTS):
        run.say(f"hold: {mode}, part {part + 1} of {PARTS}")
        receipt_ms.append(await _p95(product, seconds / PARTS))
        memory.append({name: process.cost.memory_mb for name, process in product.processes.items()})
    case = f"{mode}, {seconds} s at {RATE}/s"
    return [
        *(
            Line("hold", case, f"memory of {name}", memory[-1][name], "MB", memory[0][name], GROWTH_TARGET)
            for name in product.processes
        ),
        Line("hold", case, "publish to receipt, p95", receipt_ms[-1], "ms", receipt_ms[0]),
    ]


async def _p95(product: Installation, seconds: float) -> float:
    await product.receipts()
    delivered = await product.delivered()
    published = await publish_steadily(product, RATE, seconds)
    await product.until_delivered(delivered + len(published.due_at))
    return percentiles(published.since_due(await product.arrivals())).p95
