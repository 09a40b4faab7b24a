"""l. Storm: publishing while 500 clients connect again at once, as after a restart or a change of the network.

Run as `python -m bench.storm URL COUNT`, it is the clients: at each line of input all of them disconnect and connect,
and it prints how many seconds it took until the last one followed.
"""

import asyncio
import random
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter

import aiohttp

from app.open_files import may_open_many
from bench.follower import following
from bench.installation import Installation, installed
from bench.load import Published, publish_steadily
from bench.measure import Line, Target, percentiles
from bench.run import Run

PER_SECOND = 50
PATIENCE_SECONDS = 120
TARGET = Target(1.5)
# Nothing of this type is published: what follows costs is measured by `follow`.
FOLLOW = """subscription {
  deliveryUpdates(filter: {eventTypes: ["ticket.created"]}) { updates { delivery { id status event { id } } } cursor }
}"""


async def storm(run: Run) -> list[Line]:
    """p95 of the answers to publishes during storms, beside that while the same clients follow in peace."""
    clients, storms = run.sized(50, 500), run.sized(1, 3)
    peace: list[float] = []
    beside: list[float] = []
    took: list[float] = []
    async with installed(run.services, "embedded", fan_out=1) as product, _clients(product, clients) as again:
        await again()
        for number in range(storms):
            run.say(f"storm: {number + 1} of {storms}")
            peace += (await _published(product, run.sized(1, 4))).answer_ms
            reconnecting = asyncio.create_task(again())
            while not reconnecting.done():
                beside += (await _published(product, 0.25)).answer_ms
            took.append(reconnecting.result())
    found, quiet = percentiles(beside), percentiles(peace)
    details = found.named() | quiet.named("in peace ") | {"s until all follow": median(took)}
    case = f"embedded, {clients} clients connect at once"
    return [Line("storm", case, "answer to a publish, p95", found.p95, "ms", quiet.p95, TARGET, details)]


async def _published(product: Installation, seconds: float) -> Published:
    return await publish_steadily(product, PER_SECOND, seconds, chance=random.Random(7))


@asynccontextmanager
async def _clients(product: Installation, clients: int) -> AsyncIterator[Callable[[], Coroutine[None, None, float]]]:
    """A process with clients; yields what lets them connect again, and returns how many seconds that took."""
    command = (sys.executable, "-m", "bench.storm", product.url, str(clients))
    child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    standard_input, output = child.stdin, child.stdout
    assert standard_input is not None
    assert output is not None

    async def again() -> float:
        standard_input.write(b"again\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            return float(await output.readline())

    try:
        yield again
    finally:
        child.kill()
        await child.wait()


class Clients:
    """Clients that follow deliveries, until they connect again."""

    def __init__(self, url: str, count: int) -> None:
        self._url = url
        self._count = count
        self._leave = asyncio.Event()
        self._following: list[asyncio.Task[None]] = []

    async def connect(self, session: aiohttp.ClientSession) -> float:
        """Connect again, all at once; return after how many seconds all follow."""
        self._leave.set()
        await asyncio.gather(*self._following)
        self._leave = asyncio.Event()
        began, ready = perf_counter(), asyncio.Semaphore(0)
        self._following = [asyncio.create_task(self._follow(session, ready)) for _ in range(self._count)]
        for _ in self._following:
            await ready.acquire()
        return perf_counter() - began

    async def _follow(self, session: aiohttp.ClientSession, ready: asyncio.Semaphore) -> None:
        leave = self._leave
        while True:
            try:
                async with following(session, self._url, FOLLOW, reads=False):
                    ready.release()
                    await leave.wait()
                    return
            except aiohttp.WSServerHandshakeError:  # It is busy: again a moment later, as clients do.
                await asyncio.sleep(0.5 + random.random())


async def _connect(url: str, count: int) -> None:
    clients = Clients(url, count)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        while await asyncio.to_thread(sys.stdin.readline):
            print(await clients.connect(session), flush=True)


if __name__ == "__main__":
    may_open_many()
    asyncio.run(_connect(sys.argv[1], int(sys.argv[2])))
