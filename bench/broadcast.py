"""The least that could send an update to many clients: a bare Starlette WebSocket that sends everybody the same bytes.

Run as `python -m bench.broadcast PER_SECOND UPDATE_BYTES`. It prints its address and sends that many messages per
second, each with enough updates to make up 500 per second. With 0 per second it sends what is posted to it instead.
"""

import asyncio
import socket
import sys
from contextlib import suppress

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

UPDATES_PER_SECOND = 500


class Broadcast:
    """All connected clients, and what is sent to them."""

    def __init__(self, per_second: int, update_bytes: int) -> None:
        self._pause = 1 / per_second if per_second else 0
        self._text = "x" * (update_bytes * UPDATES_PER_SECOND // per_second) if per_second else ""
        self._connected: set[WebSocket] = set()

    async def connect(self, websocket: WebSocket) -> None:
        """Serve a client until it disconnects."""
        await websocket.accept()
        self._connected.add(websocket)
        with suppress(WebSocketDisconnect):
            while True:
                await websocket.receive_text()
        self._connected.discard(websocket)

    async def send(self) -> None:
        """Send to all clients, again and again."""
        while self._pause:
            await asyncio.sleep(self._pause)
            await self._send(self._text)

    async def pass_on(self, request: Request) -> Response:
        """Send to all clients what is posted, and answer with it."""
        text = (await request.body()).decode()
        await self._send(text)
        return Response(text)

    async def _send(self, text: str) -> None:
        for websocket in list(self._connected):
            with suppress(RuntimeError, WebSocketDisconnect):
                await websocket.send_text(text)


async def _serve(per_second: int, update_bytes: int) -> None:
    broadcast = Broadcast(per_second, update_bytes)
    application = Starlette(
        routes=[WebSocketRoute("/", broadcast.connect), Route("/", broadcast.pass_on, methods=["POST"])]
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(2_048)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(application, ws="websockets-sansio", log_level="warning", lifespan="off")
        sending = asyncio.create_task(broadcast.send())
        await uvicorn.Server(config).serve(sockets=[listener])
        sending.cancel()


if __name__ == "__main__":
    uvloop.run(_serve(int(sys.argv[1]), int(sys.argv[2])))
