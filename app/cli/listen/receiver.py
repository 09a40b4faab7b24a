"""An HTTP receiver on plain streams, because HTTP servers cannot reset connections or drip answers."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from app.cli.listen.misbehaviour import Answer, Manner, Misbehaviour
from app.cli.listen.requests import BadRequest, Request, requests
from app.cli.listen.verdict import Judge, Verdict
from app.clock import Clock

if TYPE_CHECKING:
    from app.cli.listen.forward import Forwarder

DRIP_SECONDS = 1.0
# RFC 9110, sections 15.3.5 and 15.4.5.
_WITHOUT_BODY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Receiver:
    """Answers every request as configured, and shows it.

    Args:
        show: called for each request before it is answered, with the answer.
        drip_seconds: interval between two bytes of a dripped answer.
        forwarder: passes verified requests on; its answer is given unless this receiver misbehaves.
    """

    def __init__(
        self,
        judge: Judge,
        misbehaviour: Misbehaviour,
        clock: Clock,
        show: Callable[[Verdict, Answer], None],
        *,
        drip_seconds: float = DRIP_SECONDS,
        forwarder: "Forwarder | None" = None,
    ) -> None:
        self._judge = judge
        self._misbehaviour = misbehaviour
        self._clock = clock
        self._show = show
        self._drip_seconds = drip_seconds
        self._forwarder = forwarder
        self._count = 0
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, host: str, port: int) -> AsyncIterator[int]:
        """Listen until the block ends; gives the port, which is a free one for port 0.

        Raises:
            OSError: the address cannot be used.
        """
        server = await asyncio.start_server(self._accept, host, port, backlog=1024)
        try:
            taken: int = server.sockets[0].getsockname()[1]
            yield taken
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        # The sender may go away when it likes; and asyncio's streams would log a cancelled task as an error.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            try:
                await self._serve(reader, writer)
            finally:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with aclosing(requests(reader)) as arriving:
            try:
                async for request in arriving:
                    await self._respond(request, reader, writer)
                    if writer.is_closing() or not request.keep_alive:
                        return
            except BadRequest as error:
                writer.write(_response(Answer(status=HTTPStatus.BAD_REQUEST), f"{error}\n", keep_alive=False))
                await writer.drain()

    async def _respond(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._count += 1
        verdict = self._judge.judge(request, self._clock.now())
        answer = self._misbehaviour.answer(self._count, verified=verdict.verified, chance=random.random)
        if self._forwarder is not None and verdict.verified:
            forwarded = await self._forwarder.pass_on(request)
            proper = answer == Answer()
            status, body = (forwarded.status, forwarded.body) if proper else (answer.status, "")
            answer = replace(answer, status=status, body=body, application=forwarded.said)
        self._show(verdict, answer)
        await asyncio.sleep(self._misbehaviour.delay_seconds)
        body = answer.body if verdict.verified else f"{verdict.reason}\n"
        response = _response(answer, body, keep_alive=request.keep_alive)
        match answer.manner:
            case Manner.ANSWER:
                writer.write(response)
                await writer.drain()
            case Manner.DRIP:
                await self._drip(response, writer)
            case Manner.RESET:
                _reset(writer)
            case Manner.HANG:
                # Until the sender has had enough.
                while await reader.read(1024):
                    pass
                writer.close()

    async def _drip(self, response: bytes, writer: asyncio.StreamWriter) -> None:
        for byte in response:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(self._drip_seconds)


def _response(answer: Answer, body: str, *, keep_alive: bool) -> bytes:
    content = b"" if answer.status in _WITHOUT_BODY else body.encode()
    headers = {"content-type": "text/plain; charset=utf-8", "content-length": str(len(content))}
    if answer.status in _WITHOUT_BODY:
        headers.clear()
    if answer.retry_after_seconds is not None:
        headers["retry-after"] = str(answer.retry_after_seconds)
    if not keep_alive:
        headers["connection"] = "close"
    head = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}", *(f"{name}: {headers[name]}" for name in headers)]
    return "\r\n".join([*head, "", ""]).encode() + content


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unnamed"


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close the connection with a RST: without lingering, unsent data is discarded (socket(7))."""
    connected: socket.socket = writer.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
