"""Writes the log's lines to stderr, even if the disk is full, the pipe is closed, or its reader does not read.

Logging is called from `except` and `finally`, and on the event loop, so a line may neither raise nor wait. A thread
writes; callers leave their lines in a bounded queue. Lines that do not fit or cannot be written are dropped and
counted, and the log reports their number as soon as it can be written again.
"""

import atexit
import io
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

MAX_WAITING_BYTES = 4 * 1024 * 1024
# Under load, lines of this period are written together, because each wake-up of the thread costs the event loop time.
PACE_SECONDS = 0.01
# How long the end of the program waits for a reader that does not read.
CLOSE_SECONDS = 2.0


class LogOutput:
    """Destination of log lines. Its methods are those of a structlog logger; none of them blocks or raises.

    Args:
        stream: stderr, or a replacement. None drops every line: the process was started without stderr, and its number
            may by now belong to another file.
        notice: renders the line that reports a number of dropped lines.
    """

    def __init__(self, stream: TextIO | None, notice: Callable[[int], str]) -> None:
        self.dropped = 0
        self._stream = stream
        self._descriptor = _descriptor_of(stream)
        self._notice = notice
        self._untold = 0
        # Reentrant, because a signal handler may log in the middle of anything.
        self._changed = threading.Condition(threading.RLock())
        self._waiting: deque[str] = deque()
        self._waiting_bytes = 0
        self._writing = False
        self._torn = False
        self._thread: threading.Thread | None = None
        if self._descriptor is not None:
            atexit.register(self.flush, CLOSE_SECONDS)
            os.register_at_fork(after_in_child=self._forked)

    def msg(self, text: str) -> None:
        """Write a line, or several that are joined by line breaks."""
        if self._descriptor is None:
            self._write_directly(text)
            return
        with self._changed:
            if self._waiting_bytes + len(text) > MAX_WAITING_BYTES:
                self._drop(text.count("\n") + 1)
                return
            self._waiting.append(text)
            self._waiting_bytes += len(text)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_waiting, name="log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    debug = info = warning = error = critical = msg

    def flush(self, seconds: float) -> None:
        """Wait until everything is written or dropped, but no longer than this."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting and not self._writing, seconds)

    def _drop(self, lines: int) -> None:
        self.dropped += lines
        self._untold += lines

    def _write_directly(self, text: str) -> None:
        try:
            if self._stream is None:
                self.dropped += text.count("\n") + 1
            else:
                self._stream.write(text + "\n")
                self._stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed.
            self.dropped += text.count("\n") + 1

    def _write_waiting(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                texts, self._waiting = self._waiting, deque()
                self._waiting_bytes, self._writing = 0, True
                untold, self._untold = self._untold, 0
            # The notice goes first: if it cannot be written, the rest cannot either.
            if untold and self._lost(self._notice(untold)):
                with self._changed:
                    self._untold += untold
            lost = self._lost("\n".join(texts))
            with self._changed:
                self._drop(lost)
                self._writing = False
                self._changed.notify_all()
            time.sleep(PACE_SECONDS)

    def _lost(self, text: str) -> int:
        """Write lines; return how many of them were not written."""
        assert self._descriptor is not None
        data = text.encode(errors="backslashreplace") + b"\n"
        if self._torn:
            data = b"\n" + data
        left = memoryview(data)
        try:
            while left:
                left = left[_write_some(self._descriptor, left) :]
        except OSError:
            # The rest of a line that was begun is discarded, and the next line must not be joined to it.
            self._torn = self._torn if len(left) == len(data) else data[-len(left) - 1] != ord("\n")
            return bytes(left).lstrip(b"\n").count(b"\n")
        self._torn = False
        return 0

    def _forked(self) -> None:
        """Start over in a child process: the thread stayed in the parent, possibly with the lock held."""
        self._changed = threading.Condition(threading.RLock())
        self._waiting, self._waiting_bytes = deque(), 0
        self._writing = False
        self._thread = None


def _descriptor_of(stream: TextIO | None) -> int | None:
    try:
        return None if stream is None else stream.fileno()
    except (io.UnsupportedOperation, ValueError, OSError):
        return None  # It is not a file.


def _write_some(descriptor: int, data: memoryview) -> int:
    while True:
        try:
            return os.write(descriptor, data)
        except BlockingIOError:
            # A process that shares the pipe has made it non-blocking.
            waits = select.poll()
            waits.register(descriptor, select.POLLOUT)
            waits.poll()
