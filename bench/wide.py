"""n. Wide: what very many webhooks cost. One event to all of them, the first after a start, and creating one more.

Each webhook has a filter of its own, which nothing has compiled when the event arrives.
"""

import asyncio
from collections.abc import Iterator
from time import perf_counter

from bench.client import PUBLISH_EVENT
from bench.installation import Installation, Mode, installed, served_again
from bench.measure import Line, Target
from bench.meter import Meter
from bench.run import Run
from bench.workload import LANES, event, event_type

TARGET = Target(1.5, of_value=True)
AT_ONCE = 8
FEW = 100


async def wide(run: Run) -> list[Line]:
    """How soon one event to all webhooks is acknowledged, and the CPU of creating a webhook, in both modes."""
    count = run.sized(200, 2_000, 10_000)
    lines: list[Line] = []
    for mode in run.modes:
        lines += await _wide(run, mode, count)
    return lines


async def _wide(run: Run, mode: Mode, count: int) -> list[Line]:
    settings = {"MAX_WEBHOOKS_PER_WORKSPACE": str(count)}
    async with installed(run.services, mode, fan_out=0, settings=settings) as product:
        run.say(f"wide: {mode}, creating {count:,} webhooks")
        first, _ = await _create(product, range(FEW))
        _, seconds = await _create(product, range(FEW, count - FEW))
        last, _ = await _create(product, range(count - FEW, count))
    run.say(f"wide: {mode}, one event")
    # Without a worker, and with receivers that are gone: the answer is what counts.
    async with served_again(run.services, product) as again:
        cold, warm = await _published(again), await _published(again)
    case = f"{mode}, {count:,} webhooks with filters"
    created = Line(
        "wide", case, "createWebhook, the last ones", last, "ms of CPU", first, details={"s of most": seconds}
    )
    return [Line("wide", case, "first event to all, answer", cold, "s", warm, TARGET), created]


async def _create(product: Installation, numbers: range) -> tuple[float, float]:
    """Create webhooks, several at a time; return the CPU of each in milliseconds, and the seconds of all."""
    meter, left = Meter(product), iter(numbers)
    await asyncio.gather(*(_create_next(product, left) for _ in range(AT_ONCE)))
    reading = meter.read()
    return reading.everything * 1_000 / len(numbers), reading.seconds


async def _create_next(product: Installation, left: Iterator[int]) -> None:
    for number in left:
        await product.make_webhook(
            f"/hook/{number % LANES}", [event_type(0)], filter=f"data.ticket.lane < {number + 1}"
        )


async def _published(product: Installation) -> float:
    """Seconds until the answer to an event for all webhooks."""
    began = perf_counter()
    await product.client.ask(PUBLISH_EVENT, {"input": event()})
    return perf_counter() - began
