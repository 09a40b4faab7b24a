"""a. Deliver: events published in batches until the last delivery is recorded, beside a bare loop that signs and posts
the same bodies."""

import asyncio
from time import perf_counter

from bench.client import PUBLISH_EVENTS, request
from bench.installation import Installation, Mode, installed
from bench.measure import Line, Target
from bench.processes import cpu_of, peaks_of, used_since
from bench.run import Run, baseline
from bench.workload import LANES, event

FAN_OUTS = (1, 5)
EVENTS_PER_REQUEST = 100
PUBLISHERS = 4
CPU_TARGET = Target(2.5)


async def deliver(run: Run) -> list[Line]:
    """Deliveries per second and CPU per delivery, in both modes and with both fan-outs."""
    lines: list[Line] = []
    for mode in run.modes:
        for fan_out in FAN_OUTS:
            run.say(f"deliver: {mode}, fan-out {fan_out}")
            lines += await _case(run, mode, fan_out)
    return lines


async def _case(run: Run, mode: Mode, fan_out: int) -> list[Line]:
    deliveries = run.sized(1_000, 6_000)
    async with installed(run.services, mode, fan_out=fan_out) as product:
        # Connections, caches and statements are there in a server that has run for a while.
        warm = 10 * LANES * fan_out
        await publish(product, warm // fan_out)
        await product.until_delivered(warm)
        before, started = cpu_of(product.all_processes), perf_counter()
        await publish(product, deliveries // fan_out)
        await product.until_delivered(warm + deliveries)
        seconds = perf_counter() - started
        cpu = used_since(before, product.all_processes)
        bare = await baseline("deliver", product.receiver_url, deliveries)
        details = {f"{name} CPU ms": used * 1_000 / deliveries for name, used in cpu.items()}
        python = sum(cpu[name] for name in product.processes)
        case = f"{mode}, fan-out {fan_out}"
        return [
            Line("deliver", case, "throughput", deliveries / seconds, "deliveries/s", deliveries / bare["seconds"]),
            Line(
                *("deliver", case, "CPU per delivery", python * 1_000 / deliveries, "ms"),
                bare["cpu_seconds"] * 1_000 / deliveries,
                CPU_TARGET,
                details | peaks_of(product.processes),
            ),
        ]


async def publish(product: Installation, count: int) -> None:
    """Publish so many events in batches, the lanes in turn, from a few publishers at once."""
    numbers = list(range(count))
    bodies = iter(
        [
            request(PUBLISH_EVENTS, {"input": {"events": [event(number % LANES) for number in numbers[first:last]]}})
            for first, last in zip(
                range(0, count, EVENTS_PER_REQUEST),
                range(EVENTS_PER_REQUEST, count + EVENTS_PER_REQUEST, EVENTS_PER_REQUEST),
                strict=True,
            )
        ]
    )

    async def one_after_another() -> None:
        for body in bodies:
            await product.client.send(body)

    await asyncio.gather(*(one_after_another() for _ in range(PUBLISHERS)))
