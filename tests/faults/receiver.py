"""A receiver in a separate process, which can be killed: it records every request before it answers.

    python -m tests.faults.receiver PORT JOURNAL

The journal is a file of JSON lines, each appended by one write, so that it survives a SIGKILL. How a path behaves is a
function of the request, so that the suite knows the expected results beforehand.
"""

import asyncio
import itertools
import os
import signal
import socket
import struct
import sys
import time
import zlib
from dataclasses import dataclass
from typing import Any

import orjson

QUICK, SLOW, FLAKY = "/quick", "/slow", "/flaky"
# Refuses first attempts; says 410 if the URL says so; takes alerts; takes the messages of contacts, slowly, so that
# some of them are in flight when a fault happens.
AILING, GONE, ALERTS, CONTACT = "/ailing", "/gone", "/alerts", "/contact"
SAYS_GONE = f"{GONE}?410"


def answer_to(target: str, event_id: str, attempt: int) -> tuple[int, float]:
    """The status of the answer to a request to a path and query, and the delay in seconds.

    Some requests take up to a second, so that there is always something in flight; some first attempts are refused, so
    that there are always retries.
    """
    dice = zlib.crc32(event_id.encode())
    match target:
        case "/slow":
            return 200, 0.1 + dice % 1_000 / 1_000
        case "/flaky" if attempt == 1 and dice % 3 == 0:
            return 500, 0.01
        case "/ailing" if attempt == 1:
            return 500, 0.01
        case "/gone?410":
            return 410, 0.0
        case contact if contact.startswith("/contact"):
            return 200, 0.3
        case _:
            return 200, 0.0


@dataclass(frozen=True)
class Journal:
    """The file to which requests and answers are written."""

    file: int

    def write(self, **entry: Any) -> None:
        """Append one line."""
        os.write(self.file, orjson.dumps(entry) + b"\n")


async def serve(port: int, journal: Journal) -> None:
    """Listen until killed; at SIGUSR1, reset all connections without a request in progress."""
    numbers = itertools.count(1)
    idle: set[asyncio.StreamWriter] = set()

    def reset() -> None:
        for writer in idle:
            at_once = struct.pack("ii", 1, 0)  # SO_LINGER without waiting: closing sends RST
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            writer.transport.abort()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, reset)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                name = f"{os.getpid()}-{next(numbers)}"
                idle.add(writer)
                status, delay = await _take(reader, journal, name)
                idle.discard(writer)
                await asyncio.sleep(delay)
                writer.write(f"HTTP/1.1 {status} Status\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
                journal.write(request=name, status=status, at=time.time())
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The sender has gone, killed or not.
        finally:
            idle.discard(writer)
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", port, backlog=1024)
    async with server:
        await server.serve_forever()


async def _take(reader: asyncio.StreamReader, journal: Journal, name: str) -> tuple[int, float]:
    """Read one request, record it, and return how to answer it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    target = first.split(" ")[1]
    journal.write(
        request=name,
        at=time.time(),
        path=target.partition("?")[0],
        id=headers.get("webhook-id", ""),
        attempt=int(headers.get("webhook-attempt", 0)),
        timestamp=headers.get("webhook-timestamp", ""),
        signature=headers.get("webhook-signature", ""),
        sequence=headers.get("webhook-sequence", ""),
        body=body.decode(),
    )
    return answer_to(target, headers.get("webhook-id", ""), int(headers.get("webhook-attempt", 0)))


if __name__ == "__main__":
    _, port, path = sys.argv
    asyncio.run(serve(int(port), Journal(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))))
