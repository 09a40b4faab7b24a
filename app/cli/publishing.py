"""Publishes lines over one stream to a server, which is resumed with the lines that have no answer if it breaks off."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.cli.api import Lost, TryLater
from app.cli.failures import Refused
from app.cli.lines import BadLine, Line

Advance: TypeAlias = Callable[[int], object]
# Sends a body, and yields the answers to its lines: see `app.cli.event_stream`.
Answers: TypeAlias = Callable[[AsyncIterator[bytes]], AsyncGenerator[dict[str, Any], None]]

# Maximum time to retry against a server that answers nothing before giving up.
PATIENCE_SECONDS = 300.0
# Interval between retries if the server does not give one.
PAUSE_SECONDS = 1.0
# An empty line after this time without any keeps the stream open.
QUIET_SECONDS = 15.0
_WRITE_BYTES = 64 * 1024


@dataclass(slots=True)
class Published:
    """Numbers of published events, of duplicates among them, and of deliveries."""

    events: int = 0
    duplicates: int = 0
    deliveries: int = 0

    def __str__(self) -> str:
        before = f", {self.duplicates} of them before" if self.duplicates else ""
        return f"{self.events} events are published{before}, with {self.deliveries} deliveries."


async def publish_all(answers: Answers, lines: Iterator[Line], advance: Advance, most: int) -> Published:
    """Publish lines in order; `advance` is called with the bytes that are done.

    Args:
        most: how many lines may be under way; after one that is refused, no others are sent.

    Raises:
        Refused: a line is wrong, or the server cannot be reached; the message says how many were published.
    """
    publishing = _Publishing(lines, advance, most)
    reading = asyncio.create_task(publishing.read())
    try:
        await publishing.run(answers)
    except Refused as error:
        so_far = f"{error}\n{publishing.published} Run it again to go on from there: nothing is published twice."
        raise Refused(so_far) from None
    finally:
        reading.cancel()
    return publishing.published


@contextmanager
def progress(total_bytes: int | None) -> Iterator[Advance]:
    """A progress bar on stderr, if that is a terminal; `total_bytes` is None if the size is unknown."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Publishing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total_bytes)
        yield lambda size: bar.advance(task, size)


class _Publishing:
    def __init__(self, lines: Iterator[Line], advance: Advance, most: int) -> None:
        self._lines = lines
        self._advance = advance
        self._most = most
        self.published = Published()
        # None is the end. The queue outlives a stream that breaks off.
        self._read: asyncio.Queue[Line | None] = asyncio.Queue(maxsize=most)
        self._under_way: deque[Line] = deque()
        self._room = asyncio.Event()
        self._wrong: list[str] = []

    async def read(self) -> None:
        """Read lines ahead, in a thread, because stdin may take its time."""
        try:
            while (line := await asyncio.to_thread(next, self._lines, None)) is not None:
                await self._read.put(line)
        except BadLine as error:
            self._wrong.append(str(error))
        await self._read.put(None)

    async def run(self, answers: Answers) -> None:
        """Publish until the end of the lines, or until one is refused; resume a stream that breaks off.

        Raises:
            Refused: something is wrong, or the server is away for too long.
        """
        waited, before = 0.0, 0
        while True:
            try:
                await self._stream(answers)
                break
            except (TryLater, Lost) as error:
                waited, before = (0.0 if self.published.events > before else waited), self.published.events
                pause = getattr(error, "after_seconds", None) or PAUSE_SECONDS
                waited += pause
                if waited > PATIENCE_SECONDS or (isinstance(error, Lost) and not self.published.events):
                    raise
                await asyncio.sleep(pause)
        if self._wrong:
            raise Refused("\n".join(self._wrong))

    async def _stream(self, answers: Answers) -> None:
        async with aclosing(self._body()) as body, aclosing(answers(body)) as incoming:
            async for answer in incoming:
                self._take(answer, self._under_way.popleft())
                self._room.set()
        if self._under_way:
            raise Lost("The server ended the stream before it answered every line.")

    def _take(self, answer: Mapping[str, Any], line: Line) -> None:
        if errors := answer.get("errors"):
            self._wrong += [_of_line(line, error) for error in errors]
            return
        self.published.events += 1
        self.published.duplicates += answer["duplicate"]
        self.published.deliveries += answer["deliveryCount"]
        self._advance(line.size)

    async def _body(self) -> AsyncGenerator[bytes, None]:
        """The lines under way, then those that follow, as many at a time as are there."""
        for line in list(self._under_way):
            yield line.text + b"\n"
        while not self._wrong:
            if len(self._under_way) >= self._most:
                self._room.clear()
                await self._room.wait()
                continue
            try:
                async with asyncio.timeout(QUIET_SECONDS):
                    following = await self._read.get()
            except TimeoutError:
                yield b"\n"
                continue
            text = bytearray()
            while following is not None:
                self._under_way.append(following)
                text += following.text + b"\n"
                if len(text) > _WRITE_BYTES or len(self._under_way) >= self._most or self._read.empty():
                    break
                following = self._read.get_nowait()
            if text:
                yield bytes(text)
            if following is None:
                self._read.put_nowait(None)  # for a stream after this one
                return


def _of_line(line: Line, error: Mapping[str, Any]) -> str:
    """An error with the number of the line in the file."""
    place = f" ({'.'.join(error['path'])})" if error["path"] else ""
    return f"Line {line.number}: {error['message']}{place}"
