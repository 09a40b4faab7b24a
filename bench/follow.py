"""d. Follow: the cost of many clients that watch 500 updates per second, beside a bare broadcast of the same bytes."""

import asyncio
import sys
from contextlib import AsyncExitStack, suppress
from statistics import mean

import aiohttp

from bench.broadcast import UPDATES_PER_SECOND
from bench.follower import Follower, following
from bench.installation import Installation, Mode, installed
from bench.load import Published, publish_steadily
from bench.measure import Line, Target, percentiles
from bench.processes import running
from bench.run import Run

SUBSCRIBERS = (1, 100, 1_000)
UPDATES_PER_EVENT = 2  # PENDING and SUCCEEDED
EVENTS_PER_SECOND = UPDATES_PER_SECOND // UPDATES_PER_EVENT
PATIENCE_SECONDS = 20.0  # after this, measure with the updates received so far
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
    """CPU, delay and memory for each number of subscribers, in the first mode only, because the other's server does the
    same.
    """
    lines: list[Line] = []
    mode, seconds = run.modes[0], run.sized(3, 6)
    alone_ms = 0.0
    for subscribers in (0, *SUBSCRIBERS[: run.sized(2, 3)]):
        run.say(f"follow: {mode}, {subscribers} subscribers")
        bare = [await _bare(run, subscribers, seconds)] if subscribers else []
        async with installed(run.services, mode, fan_out=1) as product:
            measured = await _watched(product, subscribers, seconds)
        if not subscribers:
            alone_ms = measured.cpu_ms  # publishing and delivering without followers
            continue
        bare.append(await _bare(run, subscribers, seconds))
        lines.append(_line(mode, subscribers, measured, max(0.0, measured.cpu_ms - alone_ms), mean(bare)))
    return lines


class Measured:
    """What a server did while it was watched, until the readers had all updates or ran out of patience."""

    def __init__(
        self, cpu_ms: float, memory_mb: float, peak_mb: float, followers: list[Follower], published: Published
    ) -> None:
        self.cpu_ms = cpu_ms
        self.peak_mb = peak_mb
        self.memory_mb = memory_mb
        self.messages = sum(follower.messages for follower in followers)
        readers = followers[:READERS]
        # Updates sent to all, extrapolated from what the readers received.
        self.updates = sum(follower.updates for follower in readers) * len(followers) / max(1, len(readers))
        due = UPDATES_PER_EVENT * len(published.due_at) * len(followers)
        self.told_percent = 100 * self.updates / max(1, due)
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
        before = api.cost.cpu_seconds
        published = await publish_steadily(product, EVENTS_PER_SECOND, seconds)
        with suppress(TimeoutError):
            await product.until_delivered(len(published.due_at), PATIENCE_SECONDS)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(*(follower.told(published.due_at.keys()) for follower in followers[:READERS]))
        used_ms = (api.cost.cpu_seconds - before) * 1_000
        cost = api.cost
        return Measured(used_ms, cost.memory_mb - before_mb, cost.peak_mb, followers, published)


async def _bare(run: Run, subscribers: int, seconds: int) -> float:
    """CPU of the bare broadcast per update and subscriber, in µs."""
    log = run.services.directory / f"broadcast-{subscribers}.log"
    command = (sys.executable, "-m", "bench.broadcast", str(MESSAGES_PER_SECOND), str(UPDATE_BYTES))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(running(*command, ready="http://", log=log))
        session = await stack.enter_async_context(_session())
        sockets = [
            await stack.enter_async_context(session.ws_connect(server.line, max_msg_size=0)) for _ in range(subscribers)
        ]
        counting = [asyncio.create_task(_count(socket)) for socket in sockets]
        before = server.process.cost.cpu_seconds
        await asyncio.sleep(seconds)
        used = server.process.cost.cpu_seconds - before
        for socket in sockets:
            await socket.close()
        messages = sum(await asyncio.gather(*counting))
    return used * 1e6 / (messages * UPDATES_PER_SECOND / MESSAGES_PER_SECOND)


async def _count(socket: aiohttp.ClientWebSocketResponse) -> int:
    return sum([1 async for _ in socket])


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar())


def _line(mode: Mode, subscribers: int, measured: Measured, following_ms: float, bare_us: float) -> Line:
    # An overloaded server may not have sent any success in time.
    delays = percentiles(measured.delay_ms).named("delay ") if measured.delay_ms else {}
    details = delays | {
        "CPU ms a message": following_ms / max(1, measured.messages),
        "messages": float(measured.messages),
        "% told": measured.told_percent,
        "MB a subscriber": measured.memory_mb / subscribers,
        "api peak MB": measured.peak_mb,
    }
    return Line(
        *("follow", f"{mode}, {subscribers:,} subscribers", "CPU of an update to a subscriber"),
        *(following_ms * 1_000 / max(1, measured.updates), "µs", bare_us),
        TARGET if subscribers == SUBSCRIBERS[-1] else None,
        details,
    )
