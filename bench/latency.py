"""b. Latency: from when an event is due to be published until its answer, its receipt and a follower's news, beside one
commit and one POST."""

import asyncio
from collections.abc import Mapping

import aiohttp

from bench.follower import following
from bench.installation import Installation, Mode, installed
from bench.load import Published, publish_steadily
from bench.measure import Line, Target, percentile, percentiles
from bench.processes import cpu_of, used_since
from bench.run import Run, baseline

RATES = (50, 200, 500)
TARGET_RATE = 200
ACCEPT_TARGET_MS = Target(10)
RECEIPT_TARGET_MS = Target(25)
NEWS_SECONDS = 30.0


async def latency(run: Run) -> list[Line]:
    """The percentiles at each rate, in both modes."""
    lines: list[Line] = []
    for mode in run.modes:
        async with installed(run.services, mode, fan_out=1) as product, aiohttp.ClientSession() as session:
            run.say(f"latency: {mode}, baseline")
            least = await baseline("commit", product.receiver_url, product.database_url, run.sized(50, 200))
            warm = await publish_steadily(product, 100, run.sized(1, 2))
            await product.until_delivered(len(warm.due_at))
            for rate in RATES:
                run.say(f"latency: {mode}, {rate} events/s")
                lines += await _at_rate(product, session, rate, run.sized(2, 6), least)
    return lines


async def _at_rate(
    product: Installation, session: aiohttp.ClientSession, rate: int, seconds: float, least: Mapping[str, list[float]]
) -> list[Line]:
    await product.receipts()
    delivered = await product.delivered()
    async with following(session, product.url) as follower:
        before = cpu_of(product.all_processes)
        published = await publish_steadily(product, rate, seconds)
        await product.until_delivered(delivered + len(published.due_at))
        cpu = used_since(before, product.all_processes)
        async with asyncio.timeout(NEWS_SECONDS):
            await follower.told(published.due_at.keys())
    receipts: dict[str, int] = {}
    for event_id, at in await product.receipts():
        receipts.setdefault(event_id, at)
    return _lines(product.mode, rate, published, receipts, follower.succeeded_at, cpu, least)


def _lines(
    mode: Mode,
    rate: int,
    published: Published,
    receipts: Mapping[str, int],
    news: Mapping[str, int],
    cpu: Mapping[str, float],
    least: Mapping[str, list[float]],
) -> list[Line]:
    case = f"{mode}, {rate}/s"
    at_target = rate == TARGET_RATE
    per_event = {f"{name} CPU ms": used * 1_000 / len(published.due_at) for name, used in cpu.items()}
    lines = []
    for name, values, base, target in (
        ("publish to answer, p95", published.answer_ms, least["commit_ms"], ACCEPT_TARGET_MS),
        ("publish to receipt, p95", _since(published, receipts), least["both_ms"], RECEIPT_TARGET_MS),
        ("publish to follower, p95", _since(published, news), None, None),
    ):
        measured = percentiles(values)
        details = measured.named()
        if base is not None:
            details |= {"bare p95 ms": percentile(base, 0.95), "to bare p95": measured.p95 / percentile(base, 0.95)}
        if name.startswith("publish to receipt"):
            details |= per_event
        lines.append(Line("latency", case, name, measured.p95, "ms", None, target if at_target else None, details))
    return lines


def _since(published: Published, at: Mapping[str, int]) -> list[float]:
    """Milliseconds from when each event was due until this."""
    return [(at[event_id] - due_at) / 1e6 for event_id, due_at in published.due_at.items()]
