"""A real server on loopback, and clients of its sockets and streams."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.resources import Resources
from app.updates.update import Update
from app.web.application import create_application
from app.web.listening import bound
from app.web.serve import Server
from tests.patience import PATIENCE_SECONDS


@asynccontextmanager
async def served(resources: Resources) -> AsyncIterator[str]:
    """The server's address, as host and port, while it runs."""
    started = asyncio.Event()
    with bound("127.0.0.1", 0) as listener:
        server = Server(create_application(resources), resources.settings, started.set)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        await asyncio.wait([running, asyncio.create_task(started.wait())], return_when=asyncio.FIRST_COMPLETED)
        try:
            yield "{}:{}".format(*listener.getsockname())
        finally:
            server.handle_exit(signal.SIGTERM, None)
            await running


async def until_followed(resources: Resources, count: int = 1) -> None:
    """Wait until there are this many followers."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while resources.updates.followers != count:  # noqa: ASYNC110 - the bus does not announce its followers
            await asyncio.sleep(0.001)


class Socket:
    """A client that speaks graphql-transport-ws."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, message: Any) -> None:
        """Send a message, or a text as it is."""
        await self.connection.send(message if isinstance(message, (str, bytes)) else orjson.dumps(message).decode())

    async def receive(self) -> dict[str, Any]:
        """The next message; it must come in a text frame."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            frame = await self.connection.recv()
        assert isinstance(frame, str)
        message: dict[str, Any] = orjson.loads(frame)
        return message

    async def first(self) -> dict[str, Any] | int:
        """The next message, or the code with which the server closes the socket instead."""
        try:
            return await self.receive()
        except ConnectionClosed:
            return self.connection.close_code or 0

    async def introduce(self, key: str) -> None:
        """Send the key."""
        await self.send({"type": "connection_init", "payload": {"Authorization": f"Bearer {key}"}})
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, document: str, variables: dict[str, Any] | None = None, id: str = "1") -> None:
        """Begin an operation."""
        await self.subscribe_to({"query": document, "variables": variables}, id)

    async def subscribe_to(self, payload: dict[str, Any], id: str = "1") -> None:
        """Begin an operation that is requested in another way."""
        await self.send({"type": "subscribe", "id": id, "payload": payload})

    async def next(self, id: str = "1") -> dict[str, Any]:
        """The data of the next message of an operation."""
        message = await self.receive()
        assert (message["type"], message["id"], "errors" in message["payload"]) == ("next", id, False), message
        data: dict[str, Any] = message["payload"]["data"]
        return data

    async def closed(self) -> tuple[int, str]:
        """The code and the reason with which the server closes the socket; skips messages before it."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            try:
                while True:
                    await self.connection.recv()
            except ConnectionClosed:
                return self.connection.close_code or 0, self.connection.close_reason or ""


@asynccontextmanager
async def socket(address: str, *, protocol: str = "graphql-transport-ws", **options: Any) -> AsyncIterator[Socket]:
    """An open socket on which nothing was sent yet."""
    url = f"ws://{address}/graphql"
    options = {"proxy": None, "open_timeout": PATIENCE_SECONDS, **options}
    async with connect(url, subprotocols=[Subprotocol(protocol)], **options) as connection:
        yield Socket(connection)


class Stream:
    """A client that reads server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> tuple[str, Any]:
        """The next event: its kind and its data. Skips comments."""
        kind, data = "message", ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for line in self._lines:
                name, _, value = line.partition(":")
                if name == "event":
                    kind = value.strip()
                elif name == "data":
                    data += value.strip()
                elif not line and kind != "message":
                    return kind, orjson.loads(data) if data else None
        raise AssertionError("The stream ended without `complete`.")


@asynccontextmanager
async def stream(address: str, key: str, document: str, **variables: Any) -> AsyncIterator[Stream]:
    """The stream of an operation."""
    async with stream_of(address, key, {"query": document, "variables": variables}) as opened:
        yield opened


@asynccontextmanager
async def stream_of(address: str, key: str, asked: dict[str, Any]) -> AsyncIterator[Stream]:
    """The stream of an operation that is requested in another way."""
    headers = {"authorization": f"Bearer {key}", "accept": "text/event-stream"}
    async with (
        httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client,
        client.stream("POST", f"http://{address}/graphql", json=asked, headers=headers) as response,
    ):
        yield Stream(response)


def changed(row: dict[str, Any]) -> Update:
    """A change of a delivery."""
    return Update(
        workspace_id=row["workspace_id"],
        subject_id=row["id"],
        at=row["created_at"],
        event_id=row["event_id"],
        webhook_id=row["webhook_id"],
        event_type=row["event_type"],
        status=row["status"],
        attempt_id=None,
    )
