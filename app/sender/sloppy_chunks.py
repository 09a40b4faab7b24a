"""Reads a body in chunks (RFC 9112, section 7.1) with lines that may end in LF alone, for answers that the parser
refuses. Pure: bytes in, bytes out.
"""

import re

from app.sender.refusals import NotHttp

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;.*)?", re.DOTALL)
_MAX_LINE_BYTES = 8190


class SloppyChunks:
    """Takes a body as it arrives. `ended` says whether it is complete, trailers included."""

    def __init__(self) -> None:
        self.ended = False
        self._pending = bytearray()
        self._left = 0
        # The end of a chunk, an empty line, comes next.
        self._closes_chunk = False
        self._in_trailers = False

    def read(self, data: bytes | bytearray) -> bytes:
        """Take data, and return the part of it that is body.

        Raises:
            NotHttp: these are not chunks.
        """
        self._pending += data
        body = bytearray()
        while not self.ended:
            if self._left:
                piece = self._pending[: self._left]
                del self._pending[: len(piece)]
                body += piece
                self._left -= len(piece)
            if self._left or not self._read_line():
                break
        return bytes(body)

    def _read_line(self) -> bool:
        """Take a line, if it is complete; return whether it was."""
        end = self._pending.find(b"\n")
        if max(end, len(self._pending) if end < 0 else 0) > _MAX_LINE_BYTES:
            raise NotHttp("chunks")
        if end < 0:
            return False
        line = bytes(self._pending[:end]).rstrip(b"\r")
        del self._pending[: end + 1]
        if self._in_trailers:
            self.ended = not line
        elif self._closes_chunk:
            if line:
                raise NotHttp("chunks")
            self._closes_chunk = False
        else:
            self._begin_chunk(line)
        return True

    def _begin_chunk(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line)
        if found is None:
            raise NotHttp("chunks")
        self._left = int(found[1], 16)
        self._closes_chunk, self._in_trailers = self._left > 0, self._left == 0
