"""Runs commands of this program in separate processes."""

import asyncio
import contextlib
import os
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from app.cli.failures import Refused

STOP_SECONDS = 15.0


class Program:
    """A running command and its output."""

    def __init__(self, name: str) -> None:
        self.name = name
        # None after the last one.
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.errors: deque[str] = deque(maxlen=30)

    def failed(self, what: str) -> Refused:
        """The error with the last lines that the command wrote to stderr."""
        return Refused("\n".join([f"The {self.name} {what}; last it said:", *self.errors]))


@asynccontextmanager
async def running(
    name: str, arguments: Sequence[str], directory: Path, settings: Mapping[str, str]
) -> AsyncIterator[Program]:
    """Run `eev-webhooks` with these arguments until the block ends, with no settings but these."""
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "app.cli", *arguments],
        cwd=directory,
        env=_environment(settings),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # In a separate session, Ctrl-C reaches only the demonstration, which ends the others in order.
        start_new_session=True,
    )
    program = Program(name)
    assert process.stdout is not None
    assert process.stderr is not None
    reading = asyncio.create_task(_read(program, process.stdout, process.stderr))
    try:
        yield program
    finally:
        await asyncio.shield(_stop(process))
        await reading


async def next_line(program: Program, timeout_seconds: float) -> str:
    """The next line that a program wrote to stdout.

    Raises:
        Refused: it ended instead, or took too long.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            line = await program.lines.get()
    except TimeoutError:
        raise program.failed(f"wrote nothing for {timeout_seconds:g} seconds") from None
    if line is None:
        raise program.failed("ended")
    return line


async def _each_line(stream: asyncio.StreamReader, take: Callable[[str], None]) -> None:
    async for line in stream:
        take(line.decode(errors="replace").rstrip("\n"))


async def _read(program: Program, output: asyncio.StreamReader, errors: asyncio.StreamReader) -> None:
    await asyncio.gather(_each_line(output, program.lines.put_nowait), _each_line(errors, program.errors.append))
    # After both streams have ended, so that the last lines are known to a reader that sees the end.
    program.lines.put_nowait(None)


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    from app.settings import Settings

    ours = {*(name.upper() for name in Settings.model_fields), "EEV_WEBHOOKS_SECRET"}
    return {name: value for name, value in os.environ.items() if name.upper() not in ours} | dict(settings)
