"""A receiver that costs little: answers every POST with 200, and notes when each event arrived.

Run as `python -m bench.receiver`; it prints its address. GET /count returns how many arrived; GET /receipts returns the
event IDs with their arrival (ns of the monotonic clock, which all processes of a machine share), and clears them. A
POST below /hang is never answered, one below /slow after `SLOW_SECONDS`; one to /bare is answered and not counted.
"""

import asyncio
import time
from typing import cast

import orjson
import uvloop

SLOW_SECONDS = 1.0
_OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Receiving(asyncio.Protocol):
    """One connection of a client that sends Content-Length, one request at a time."""

    receipts: list[tuple[str, int]] = []  # noqa: RUF012 — of the whole process
    count = 0

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport for answers."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not inherit from it

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].lower()
            length = int(_header(head, b"content-length") or 0)
            if len(self._received) < end + 4 + length:
                return
            self._received = self._received[end + 4 + length :]
            answer = self._answer(head)
            if head.startswith(b"post /slow"):
                asyncio.get_running_loop().call_later(SLOW_SECONDS, self._transport.write, answer)
            elif not head.startswith(b"post /hang"):
                self._transport.write(answer)

    def _answer(self, head: bytes) -> bytes:
        if head.startswith(b"get /count"):
            return _with_body(b"%d" % Receiving.count)
        if head.startswith(b"get /receipts"):
            receipts, Receiving.receipts = Receiving.receipts, []
            return _with_body(orjson.dumps(receipts))
        if head.startswith(b"post /bare"):
            return _OK
        Receiving.count += 1
        Receiving.receipts.append((_header(head, b"webhook-id").decode(), time.monotonic_ns()))
        return _OK


def _header(head: bytes, name: bytes) -> bytes:
    _, found, rest = head.partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


def _with_body(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Receiving, "127.0.0.1", 0, backlog=2_048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
