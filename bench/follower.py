"""A client that follows deliveries over a WebSocket, and notes when it received which update."""

import asyncio
import time
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager

import aiohttp
import orjson

from bench.installation import KEY

PROTOCOL = "graphql-transport-ws"
FOLLOW = """subscription {
  deliveryUpdates(maxPerSecond: 50) { updates { delivery { id status event { id } } } cursor gap }
}"""


class Follower:
    """The messages of one socket; without `reads` it only counts them, which costs this process little."""

    def __init__(self, *, reads: bool = True) -> None:
        self._reads = reads
        self.heard_at: dict[str, int] = {}
        self.succeeded_at: dict[str, int] = {}
        self.messages = 0
        self.updates = 0
        self.begun = asyncio.Event()
        self._news = asyncio.Condition()

    async def told(self, event_ids: Set[str]) -> None:
        """Wait until each of these events is known to have succeeded."""
        async with self._news:
            await self._news.wait_for(lambda: event_ids <= self.succeeded_at.keys())

    async def take(self, text: str) -> None:
        """Note one message."""
        at = time.monotonic_ns()
        if self.begun.is_set() and not self._reads:
            self.messages += 1
            return
        message = orjson.loads(text)
        if message["type"] != "next":
            return
        self.messages += 1
        self.begun.set()
        updates = message["payload"]["data"]["deliveryUpdates"]["updates"]
        self.updates += len(updates)
        for update in updates:
            self.heard_at.setdefault(update["delivery"]["event"]["id"], at)
            if update["delivery"]["status"] == "SUCCEEDED":
                self.succeeded_at.setdefault(update["delivery"]["event"]["id"], at)
        async with self._news:
            self._news.notify_all()


@asynccontextmanager
async def following(
    session: aiohttp.ClientSession, url: str, document: str = FOLLOW, *, reads: bool = True
) -> AsyncIterator[Follower]:
    """Follow until the block ends; the block begins when the first message has arrived."""
    follower = Follower(reads=reads)
    async with session.ws_connect(f"{url}/graphql", protocols=(PROTOCOL,), max_msg_size=0) as socket:
        await socket.send_str(_text(type="connection_init", payload={"Authorization": f"Bearer {KEY}"}))
        await socket.receive()
        await socket.send_str(_text(type="subscribe", id="1", payload={"query": document}))
        reading = asyncio.create_task(_read(socket, follower))
        try:
            await asyncio.wait_for(follower.begun.wait(), 30)
            yield follower
        finally:
            reading.cancel()
            await asyncio.wait([reading])


async def _read(socket: aiohttp.ClientWebSocketResponse, follower: Follower) -> None:
    async for message in socket:
        if message.type is aiohttp.WSMsgType.TEXT:
            await follower.take(message.data)


def _text(**message: object) -> str:
    return orjson.dumps(message).decode()
