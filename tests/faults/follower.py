"""Follows deliveries live over graphql-transport-ws, and resumes with its cursor at any server when it is cut off."""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.faults.client import Client, Failed
from tests.patience import PATIENCE_SECONDS

RECONNECT_SECONDS = 0.1

_FOLLOW = """
subscription($after: String) {
  deliveryUpdates(after: $after, maxPerSecond: 20) { cursor gap updates { delivery { id status } } }
}
"""
_CATCH_UP = """
query($after: String, $time: TimeRange) {
  deliveries(first: 100, after: $after, filter: { time: $time }) {
    nodes { id status } pageInfo { hasNextPage endCursor }
  }
}
"""


class _Ended(Exception):
    """The server ended the subscription, or could not answer."""


@dataclass
class Follower:
    """One follower.

    Attributes:
        seen: the statuses in which each delivery was seen, live or by catching up.
        gaps: how often a server reported a gap.
        since: RFC 3339; catching up goes back no further than this.
    """

    client: Client
    random: random.Random
    urls: Sequence[str]
    since: str
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    gaps: int = 0
    reconnections: int = -1
    cursor: str | None = None
    follows: asyncio.Event = field(default_factory=asyncio.Event)
    surprises: list[str] = field(default_factory=list)

    async def follow(self) -> None:
        """Follow until canceled."""
        while True:
            self.reconnections += 1
            try:
                url = self.random.choice(self.urls).replace("http://", "ws://")
                async with connect(
                    f"{url}/graphql", subprotocols=[Subprotocol("graphql-transport-ws")], open_timeout=PATIENCE_SECONDS
                ) as socket:
                    await self._subscribe(socket)
                    while True:
                        await self._take(socket, orjson.loads(await socket.recv()))
            except (OSError, WebSocketException, TimeoutError, _Ended):
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _subscribe(self, socket: ClientConnection) -> None:
        payload = {"Authorization": f"Bearer {self.client.key}"}
        await socket.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            acknowledged = orjson.loads(await socket.recv())
        if acknowledged["type"] != "connection_ack":
            raise _Ended
        query = {"query": _FOLLOW, "variables": {"after": self.cursor}}
        await socket.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": query}).decode())

    async def _take(self, socket: ClientConnection, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            await socket.send('{"type":"pong"}')
            return
        errors = message.get("payload") if message["type"] == "error" else message.get("payload", {}).get("errors")
        if errors:
            self._surprised_by(errors)
        if message["type"] != "next" or errors:
            raise _Ended  # No update was taken, so the cursor stays.
        updates = message["payload"]["data"]["deliveryUpdates"]
        if updates["gap"]:
            self.gaps += 1
            await self._catch_up()
        for update in updates["updates"]:
            self.seen[update["delivery"]["id"]].add(update["delivery"]["status"])
        self.cursor = updates["cursor"]
        self.follows.set()

    def _surprised_by(self, errors: Sequence[dict[str, Any]]) -> None:
        codes = [error.get("extensions", {}).get("code") for error in errors]
        self.surprises += [str(error) for error, code in zip(errors, codes, strict=True) if code != "UNAVAILABLE"]

    async def _catch_up(self) -> None:
        """Read what the gap may have hidden."""
        after, more = None, True
        while more:
            try:
                answer = await self.client.ask(_CATCH_UP, after=after, time={"since": self.since})
            except Failed:
                await asyncio.sleep(RECONNECT_SECONDS)
                continue
            page = answer["deliveries"]
            for node in page["nodes"]:
                self.seen[node["id"]].add(node["status"])
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]


@asynccontextmanager
async def following(followers: Sequence[Follower]) -> AsyncIterator[None]:
    """Follow until the block ends; the block begins once all of them have their first cursor."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(follower.follow()) for follower in followers]
        async with asyncio.timeout(PATIENCE_SECONDS):
            for follower in followers:
                await follower.follows.wait()
        yield
        for task in tasks:
            task.cancel()
