"""News: how long after a publish one follower receives the new delivery, over a socket, at a steady rate."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp

from bench.follower import following
from bench.installation import Mode, installed
from bench.load import publish_steadily
from bench.measure import Line, Target, percentiles
from bench.run import Run

EVENTS_PER_SECOND = (50, 200)
FOLLOW = """subscription {
  deliveryUpdates(maxPerSecond: 200) { updates { delivery { id status event { id } } } cursor }
}"""
TARGET_MS = {"embedded": Target(10, of_value=True), "distributed": Target(20, of_value=True)}
PATIENCE_SECONDS = 20.0


async def news(run: Run) -> list[Line]:
    """p95 from the time at which an event was due to be published to the first message that names it."""
    lines = []
    for mode in run.modes:
        for per_second in EVENTS_PER_SECOND:
            run.say(f"news: {mode}, {per_second} events a second")
            lines.append(await _line(run, mode, per_second, run.sized(3, 10)))
    return lines


async def _line(run: Run, mode: Mode, per_second: int, seconds: int) -> Line:
    async with AsyncExitStack() as stack:
        product = await stack.enter_async_context(installed(run.services, mode, fan_out=1))
        session = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
        follower = await stack.enter_async_context(following(session, product.url, FOLLOW))
        published = await publish_steadily(product, per_second, seconds)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await follower.told(published.due_at.keys())
    delays = [(follower.heard_at[event_id] - due) / 1e6 for event_id, due in published.due_at.items()]
    found = percentiles(delays)
    return Line(
        *("news", f"{mode}, {per_second} events a second", "publish to follower, p95"),
        *(found.p95, "ms", None),
        TARGET_MS[mode],
        found.named("delay "),
    )
