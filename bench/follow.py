"""d. Follow: what it costs that many clients watch 500 updates a second, beside a bare broadcast of as many bytes."""

import asyncio
import sys
from contextlib import AsyncExitStack
from time import perf_counter

import aiohttp

from bench.follower import Follower, following
from bench.installation import Installation, Mode, installed
from bench.load import Published, publish_steadily
from bench.measure import Line, Target, percentiles
from bench.processes import Process, running
from bench.run import Run

SUBSCRIBERS = (1, 100, 1_000)
EVENTS_PER_SECOND = 250  # each makes two updates: PENDING and SUCCEEDED
MESSAGES_PER_SECOND = 10
TARGET = Target(3)
FOLLOW = f"""subscription {{
  deliveryUpdates(maxPerSecond: {MESSAGES_PER_SECOND}) {{
    updates {{ delivery {{ id status event {{ id }} }} }} cursor
  }}
}}"""
UPDATE_BYTES = 130
READERS = 10  # of the subscribers; the others only count, or the clients would cost more than the server


async def follow(run: Run) -> list[Line]:
    """CPU, delay and memory for each number of subscribers, in the embedded mode; the others' server does the same."""
    lines: list[Line] = []
    mode: Mode = run.modes[0]
    alone = 0.0
    for subscribers in (0, *SUBSCRIBERS[: run.sized(2, 3)]):
        run.say(f"follow: {mode}, {subscribers} subscribers")
        async with installed(run.services, mode, fan_out=1) as product:
            measured = await _watched(product, subscribers, run.sized(3, 6))
        if not subscribers:
            alone = measured.cpu_per_second  # publishing and delivering, which nobody watches
            continue
        bare = await _bare(run, subscribers, run.sized(3, 6))
        lines.append(_line(mode, subscribers, measured, alone, bare))
    return lines


class Measured:
    """What a server did while it was watched."""

    def __init__(
        self, cpu_per_second: float, memory_mb: float, followers: list[Follower], published: Published
    ) -> None:
        self.cpu_per_second = cpu_per_second
        self.memory_mb = memory_mb
        self.messages = sum(follower.messages for follower in followers)
        self.delay_ms = [
            (at - published.due_at[event_id]) / 1e6
            for follower in followers
            for event_id, at in follower.succeeded_at.items()
            if event_id in published.due_at
        ]


async def _watched(product: Installation, subscribers: int, seconds: int) -> Measured:
    api = product.processes["api"]
    before_mb = api.cost.memory_mb
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(_session())
        followers = [
            await stack.enter_async_context(following(session, product.url, FOLLOW, reads=number < READERS))
            for number in range(subscribers)
        ]
        cpu, started = api.cost.cpu_seconds, perf_counter()
        published = await publish_steadily(product, EVENTS_PER_SECOND, seconds)
        await product.until_delivered(len(published.due_at))
        took = perf_counter() - started
        cpu = api.cost.cpu_seconds - cpu
        await asyncio.sleep(1)  # the last messages are on their way
        return Measured(cpu / took, api.cost.memory_mb - before_mb, followers, published)


async def _bare(run: Run, subscribers: int, seconds: int) -> float:
    """CPU seconds a second of the bare broadcast."""
    log = run.services.directory / f"broadcast-{subscribers}.log"
    command = (sys.executable, "-m", "bench.broadcast", str(MESSAGES_PER_SECOND), str(UPDATE_BYTES))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(*command, ready="http://", log=log))
        session = await stack.enter_async_context(_session())
        for _ in range(subscribers):
            socket = await stack.enter_async_context(session.ws_connect(server.line, max_msg_size=0))
            reading = asyncio.create_task(_drain(socket))
            stack.callback(reading.cancel)
        return await _cpu_per_second(server.process, seconds)


async def _cpu_per_second(process: Process, seconds: float) -> float:
    before, started = process.cost.cpu_seconds, perf_counter()
    await asyncio.sleep(seconds)
    return (process.cost.cpu_seconds - before) / (perf_counter() - started)


async def _drain(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())


def _line(mode: Mode, subscribers: int, measured: Measured, alone: float, bare: float) -> Line:
    """The cost of following alone: what the server used beyond what it uses when nobody follows."""
    following_cpu = max(0.0, measured.cpu_per_second - alone)
    per_message = following_cpu * 1_000 / (subscribers * MESSAGES_PER_SECOND)
    details = percentiles(measured.delay_ms).named("delay ") | {
        "CPU ms a message": per_message,
        "messages": float(measured.messages),
        "MB a subscriber": measured.memory_mb / subscribers,
    }
    return Line(
        *("follow", f"{mode}, {subscribers:,} subscribers", "CPU of following", following_cpu, "s/s"),
        bare,
        TARGET if subscribers == SUBSCRIBERS[-1] else None,
        details,
    )
