"""News: how long after a publish one follower receives the new delivery, over a socket, at a steady rate."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack

import aiohttp

from bench.follower import following
from bench.installation import Mode, installed
from bench.load import publish_steadily
from bench.measure import Line, Target, percentiles
from bench.processes import running
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
            seconds = run.sized(3, 10)
            bare_ms = await _bare(run, per_second, seconds)
            lines.append(await _line(run, mode, per_second, seconds, bare_ms))
    return lines


async def _bare(run: Run, per_second: int, seconds: int) -> float:
    """p95 of the same way without the product: a POST to a server that passes it on to one socket."""
    command = (sys.executable, "-m", "bench.broadcast", "0", "0")
    delays: list[float] = []
    async with AsyncExitStack() as stack:
        log = run.services.directory / f"news-{per_second}.log"
        server = await stack.enter_async_context(running(*command, ready="http://", log=log))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        socket = await stack.enter_async_context(session.ws_connect(server.line))
        posting = asyncio.create_task(_post_steadily(session, server.line, per_second, seconds))
        for _ in range(per_second * seconds):
            due_at = await socket.receive_str(timeout=PATIENCE_SECONDS)
            delays.append((time.monotonic_ns() - int(due_at)) / 1e6)
        await posting
    return percentiles(delays).p95


async def _post_steadily(session: aiohttp.ClientSession, url: str, per_second: int, seconds: int) -> None:
    """Post when each message is due, as `publish_steadily` publishes."""
    begins_at = time.monotonic_ns() + 50_000_000
    async with asyncio.TaskGroup() as tasks:
        for number in range(per_second * seconds):
            due_at = begins_at + number * 1_000_000_000 // per_second
            await asyncio.sleep(max(0, due_at - time.monotonic_ns()) / 1e9)
            tasks.create_task(_post(session, url, str(due_at)))


async def _post(session: aiohttp.ClientSession, url: str, text: str) -> None:
    async with session.post(url, data=text) as response:
        await response.read()


async def _line(run: Run, mode: Mode, per_second: int, seconds: int, bare_ms: float) -> Line:
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
        *(found.p95, "ms", bare_ms),
        TARGET_MS[mode],
        found.named("delay "),
    )
