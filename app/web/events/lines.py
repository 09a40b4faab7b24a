"""The lines of a request body as they arrive."""

from typing import NamedTuple

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from graph.errors import BadUserInput


class Line(NamedTuple):
    """A line that is not empty. Its number counts from 1."""

    number: int
    text: bytes


class Lines:
    """The lines of one body.

    Args:
        max_bytes: of a line.
    """

    def __init__(self, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._max_bytes = max_bytes
        self._rest = bytearray()
        self._read = 0
        self._ended = False

    async def arrived(self) -> list[Line] | None:
        """Wait for a line to end; return all that have ended and are not empty, or None at the end of the body.

        Raises:
            BadUserInput: a line is too long.
            ClientDisconnect: the client has gone.
        """
        if self._ended:
            return None
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            self._rest += message.get("body", b"")
            self._ended = not message.get("more_body", False)
            if self._ended or b"\n" in message.get("body", b""):
                return self._taken()
            self._require_short(self._rest)

    def _taken(self) -> list[Line]:
        *lines, self._rest = self._rest.split(b"\n")
        if self._ended:
            lines.append(self._rest)
        found = []
        for number, line in enumerate(lines, self._read + 1):
            self._require_short(line)
            if text := bytes(line.strip()):
                found.append(Line(number, text))
        self._read += len(lines)
        return found

    def _require_short(self, line: bytearray) -> None:
        if len(line) > self._max_bytes:
            raise BadUserInput(f"A line has more than {self._max_bytes:,} bytes, which is the most that is allowed.")
