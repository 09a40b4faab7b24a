"""b. Latency: from when an event is due to be published until its answer, its receipt and a follower's update, beside
one commit and one POST.

Each rate is measured twice: without followers, for the answer and the receipt, and then with one follower, which takes
CPU from the same cores.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp

from bench.follower import Follower, following
from bench.installation import Installation, installed
from bench.load import publish_steadily
from bench.measure import Line, Target, percentiles
from bench.meter import Meter
from bench.run import Run, baseline

RATES = (50, 200, 500)
TARGET_RATE = 200
ACCEPT_TARGET_MS = Target(10, of_value=True)
RECEIPT_TARGET_MS = Target(25, of_value=True)
NEWS_SECONDS = 30.0


@dataclass(frozen=True)
class Measured:
    """How long a rate's events took (ms), and what one of them cost."""

    answers: list[float]
    receipts: list[float]
    news: list[float]
    each: Mapping[str, float]


async def latency(run: Run) -> list[Line]:
    """The percentiles at each rate, in both modes."""
    lines: list[Line] = []
    seconds = run.sized(2, 6, 20)
    for mode in run.modes:
        async with installed(run.services, mode, fan_out=1) as product:
            run.say(f"latency: {mode}, warming up")
            warm = await publish_steadily(product, 100, run.sized(1, 3))
            await product.until_delivered(len(warm.due_at))
            for rate in RATES:
                run.say(f"latency: {mode}, {rate} events/s")
                least = [await _least(run, product)]
                alone = await _at_rate(product, rate, seconds)
                followed = await _at_rate(product, rate, seconds, followed=True)
                least.append(await _least(run, product))
                lines += _lines(f"{mode}, {rate}/s", alone, followed, least, judged=rate == TARGET_RATE)
    return lines


async def _least(run: Run, product: Installation) -> dict[str, list[float]]:
    return await baseline("commit", product.bare_url, product.database_url, run.sized(50, 100))


async def _at_rate(product: Installation, rate: int, seconds: float, *, followed: bool = False) -> Measured:
    await product.receipts()
    delivered = await product.delivered()
    async with AsyncExitStack() as stack:
        follower = await _follower(stack, product) if followed else None
        meter = Meter(product)
        published = await publish_steadily(product, rate, seconds)
        await product.until_delivered(delivered + len(published.due_at))
        each = meter.read().each(len(published.due_at))
        if follower is not None:
            async with asyncio.timeout(NEWS_SECONDS):
                await follower.told(published.due_at.keys())
    arrived = await product.arrivals()
    news = [] if follower is None else published.since_due(follower.succeeded_at)
    return Measured(published.answer_ms, published.since_due(arrived), news, each)


async def _follower(stack: AsyncExitStack, product: Installation) -> Follower:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    return await stack.enter_async_context(following(session, product.url))


def _lines(
    case: str, alone: Measured, followed: Measured, least: list[dict[str, list[float]]], *, judged: bool
) -> list[Line]:
    commit, both = ([ms for part in least for ms in part[name]] for name in ("commit_ms", "both_ms"))
    beside = percentiles(followed.receipts).named("with a follower ")
    return [
        _line(case, "publish to answer, p95", alone.answers, commit, ACCEPT_TARGET_MS if judged else None, {}),
        _line(
            *(case, "publish to receipt, p95", alone.receipts, both, RECEIPT_TARGET_MS if judged else None),
            {**beside, **alone.each},
        ),
        _line(case, "publish to follower, p95", followed.news, both, None, followed.each),
    ]


def _line(
    case: str, name: str, took: list[float], least: list[float], target: Target | None, beside: Mapping[str, float]
) -> Line:
    measured = percentiles(took)
    details = {**measured.named(), **beside}
    return Line("latency", case, name, measured.p95, "ms", percentiles(least).p95, target, details)
