"""a. Deliver: events published in batches until the last delivery is recorded, beside a bare loop that signs and posts
the same bodies. The two alternate, so that other load on the machine affects both.
"""

import asyncio
from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter

from bench.client import PUBLISH_EVENTS, request
from bench.installation import Installation, Mode, installed
from bench.measure import Line, Target, percentiles
from bench.meter import Meter, Reading
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
    rounds, each = run.sized(1, 3), run.sized(1_000, 2_000, 10_000)
    async with installed(run.services, mode, fan_out=fan_out) as product:
        # A server that has run for a while has its connections, caches and prepared statements already.
        done = 10 * LANES * fan_out
        await publish(product, done // fan_out)
        await product.until_delivered(done)
        readings, bare, answer_ms = [], [], []
        for _ in range(rounds):
            meter = Meter(product)
            answer_ms += await publish(product, each // fan_out)
            done += each
            await product.until_delivered(done)
            readings.append(meter.read())
            bare.append(await baseline("deliver", product.bare_url, each))
    answers = percentiles(answer_ms).named("answer to a batch ")
    return _lines(f"{mode}, fan-out {fan_out}", each, readings, bare, answers)


def _lines(
    case: str,
    count: int,
    readings: Sequence[Reading],
    bare: Sequence[Mapping[str, float]],
    answers: Mapping[str, float],
) -> list[Line]:
    """The median round."""
    middle = sorted(readings, key=lambda reading: reading.python)[len(readings) // 2]
    return [
        Line(
            *("deliver", case, "throughput"),
            *(count / median(reading.seconds for reading in readings), "deliveries/s"),
            count / median(one["seconds"] for one in bare),
            details=answers,
        ),
        Line(
            *("deliver", case, "CPU per delivery", middle.python * 1_000 / count, "ms"),
            median(one["cpu_seconds"] for one in bare) * 1_000 / count,
            CPU_TARGET,
            middle.each(count),
        ),
    ]


async def publish(product: Installation, count: int) -> list[float]:
    """Publish events in batches, the lanes in turn, from a few publishers at once.

    Returns:
        How long the answer to each batch took (ms).
    """
    answer_ms: list[float] = []
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
            began = perf_counter()
            await product.client.send(body)
            answer_ms.append((perf_counter() - began) * 1_000)

    await asyncio.gather(*(one_after_another() for _ in range(PUBLISHERS)))
    return answer_ms
