"""b. Latency: from when an event is due to be published until its answer, its receipt and a follower's update, beside
one commit and one POST; and the CPU that all processes use for an event.

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
# Ratios, because a slower machine takes longer for the baseline too.
ANSWER_TARGET = Target(12)
RECEIPT_TARGET = Target(16)
NEWS_SECONDS = 30.0


@dataclass(frozen=True)
class Measured:
    """How long a rate's events took (ms), and the CPU of one of them: of all processes (ms), and of each by name."""

    answers: list[float]
    receipts: list[float]
    news: list[float]
    cpu_ms: float
    each: Mapping[str, float]


@dataclass(frozen=True)
class Least:
    """The baseline before and after: how long one commit, and a commit and a POST took, and the CPU of both (ms)."""

    commit_ms: list[float]
    both_ms: list[float]
    cpu_ms: float


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
                before = await _least(run, product)
                alone = await _at_rate(product, rate, seconds)
                followed = await _at_rate(product, rate, seconds, followed=True)
                least = _together(before, await _least(run, product))
                lines += _lines(f"{mode}, {rate}/s", alone, followed, least, judged=rate == TARGET_RATE)
    return lines


async def _least(run: Run, product: Installation) -> Least:
    count = run.sized(50, 100)
    measured = await baseline("commit", product.bare_url, product.database_url, count)
    return Least(measured["commit_ms"], measured["both_ms"], measured["cpu_seconds"] * 1_000 / count)


def _together(before: Least, after: Least) -> Least:
    return Least(before.commit_ms + after.commit_ms, before.both_ms + after.both_ms, (before.cpu_ms + after.cpu_ms) / 2)


async def _at_rate(product: Installation, rate: int, seconds: float, *, followed: bool = False) -> Measured:
    await product.receipts()
    delivered = await product.delivered()
    async with AsyncExitStack() as stack:
        follower = await _follower(stack, product) if followed else None
        meter = Meter(product)
        published = await publish_steadily(product, rate, seconds)
        await product.until_delivered(delivered + len(published.due_at))
        reading = meter.read()
        if follower is not None:
            async with asyncio.timeout(NEWS_SECONDS):
                await follower.told(published.due_at.keys())
    arrived = await product.arrivals()
    news = [] if follower is None else published.since_due(follower.succeeded_at)
    count = len(published.due_at)
    return Measured(
        published.answer_ms, published.since_due(arrived), news, reading.everything * 1_000 / count, reading.each(count)
    )


async def _follower(stack: AsyncExitStack, product: Installation) -> Follower:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    return await stack.enter_async_context(following(session, product.url))


def _lines(case: str, alone: Measured, followed: Measured, least: Least, *, judged: bool) -> list[Line]:
    beside = percentiles(followed.receipts).named("with a follower ")
    answer_target, receipt_target = (ANSWER_TARGET, RECEIPT_TARGET) if judged else (None, None)
    return [
        _line(case, "publish to answer, p95", alone.answers, least.commit_ms, answer_target, {}),
        _line(case, "publish to receipt, p95", alone.receipts, least.both_ms, receipt_target, beside),
        _line(case, "publish to follower, p95", followed.news, least.both_ms, None, followed.each),
        Line("latency", case, "CPU of all processes, per event", alone.cpu_ms, "ms", least.cpu_ms, details=alone.each),
    ]


def _line(
    case: str, name: str, took: list[float], least: list[float], target: Target | None, beside: Mapping[str, float]
) -> Line:
    measured = percentiles(took)
    details = {**measured.named(), **beside}
    return Line("latency", case, name, measured.p95, "ms", percentiles(least).p95, target, details)
