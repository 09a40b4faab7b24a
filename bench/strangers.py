"""k. Strangers: how long a healthy query takes while very many sockets are opened that never say who they are.

Run as `python -m bench.strangers URL COUNT`, it is the strangers: it opens that many sockets at once, from fifty
addresses of loopback, and keeps those that are accepted until it is stopped.
"""

import asyncio
import sys
from itertools import count
from time import perf_counter
from urllib.parse import urlsplit

from app.open_files import may_open_many
from bench.client import Client
from bench.installation import installed
from bench.measure import Line, Target, percentiles
from bench.processes import running
from bench.run import Run

TARGET = Target(250, of_value=True)
QUERY = "{ viewer { scopes } }"
PAUSE_SECONDS = 0.02
ADDRESSES = 50
_HANDSHAKE = (
    b"GET /graphql HTTP/1.1\r\nHost: strangers\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)


async def strangers(run: Run) -> list[Line]:
    """5,000 sockets at once beside one client that asks fifty times a second, for ten seconds."""
    sockets, seconds = run.sized(50, 5_000), run.sized(1, 10)
    log = run.services.directory / "strangers.log"
    async with installed(run.services, "embedded", fan_out=0) as product:
        alone = await _asked(product.client, seconds)
        run.say(f"strangers: {sockets} sockets")
        command = (sys.executable, "-m", "bench.strangers", product.url, str(sockets))
        async with running(*command, ready="opening", log=log):
            beside = await _asked(product.client, seconds)
    case = f"embedded, {sockets:,} silent sockets"
    details = percentiles(beside).named()
    return [Line("strangers", case, "healthy query, max", max(beside), "ms", max(alone), TARGET, details)]


async def _asked(client: Client, seconds: float) -> list[float]:
    """How long each query took, in milliseconds."""
    took: list[float] = []
    ends = perf_counter() + seconds
    while perf_counter() < ends:
        started = perf_counter()
        await client.ask(QUERY)
        took.append((perf_counter() - started) * 1_000)
        await asyncio.sleep(PAUSE_SECONDS)
    return took


async def _open(url: str, sockets: int) -> None:
    parts = urlsplit(url)
    assert parts.hostname is not None
    numbers = count()
    kept: list[asyncio.StreamWriter] = []

    async def one() -> None:
        source = (f"127.0.0.{2 + next(numbers) % ADDRESSES}", 0)
        try:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port, local_addr=source)
            writer.write(_HANDSHAKE)
            await reader.readline()
            kept.append(writer)
        except OSError:
            return  # It is refused: that is what is measured.

    await asyncio.gather(*(one() for _ in range(sockets)))
    await asyncio.Event().wait()


if __name__ == "__main__":
    may_open_many()
    print("opening", flush=True)
    asyncio.run(_open(sys.argv[1], int(sys.argv[2])))
