"""Runs the programs under test in separate processes, and ends them in any way that a fault asks for.

This module knows signals and processes. It does not know what the programs do.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import psutil

from tests.faults.faketime import FakedClock
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LOOK_EVERY_SECONDS = 0.05


class NotInTime(Exception):
    """Something did not happen within its time; the message says what."""


async def until(what: str, condition: Callable[[], Awaitable[bool]], seconds: float) -> float:
    """Wait until a condition holds, and return how many seconds that took.

    Raises:
        NotInTime: it took longer than `seconds`.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not await condition():
        if loop.time() - began > seconds:
            raise NotInTime(f"Within {seconds:g} s it did not come about that {what}.")
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return loop.time() - began


class Program:
    """A program that is started, ended and started again under the same name, settings and log.

    Args:
        name: its name in reports.
        command: the program and its arguments.
        settings: its environment, besides PATH.
        directory: where it runs, and where its log is.
    """

    def __init__(self, name: str, command: Sequence[str | Path], settings: Mapping[str, str], directory: Path) -> None:
        self.name = name
        self.log = directory / f"{name.replace(' ', '-')}.log"
        self._command = [str(part) for part in command]
        self._environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **settings}
        self._directory = directory
        self._clock = FakedClock(directory / f"{name.replace(' ', '-')}.clock")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_reader: subprocess.Popen[bytes] | None = None

    @property
    def runs(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def family(self) -> list[psutil.Process]:
        """Its process, followed by that process's children."""
        if self._process is None:
            return []
        try:
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """Start it, with `more` in its environment; its output goes through a pipe to a reader, which appends it to the
        log.
        """
        self._await_end_of_log()
        with self.log.open("ab") as log:
            self._log_reader = subprocess.Popen(
                ["cat"], stdin=subprocess.PIPE, stdout=log, stderr=subprocess.DEVNULL, start_new_session=True
            )
        assert self._log_reader.stdin is not None
        with self._log_reader.stdin as pipe:
            self._start(pipe, more)

    def start_with_clock(self, ahead_seconds: float) -> None:
        """Start it with a clock that can be set."""
        self._clock.set(ahead_seconds)
        self.start(self._clock.environment(self._environment["PYTHONPATH"]))

    def set_clock(self, ahead_seconds: float) -> None:
        """Set its clock; it sees that within a second."""
        self._clock.set(ahead_seconds)

    def start_on_full_disk(self) -> None:
        """Start it so that none of its output can be written (ENOSPC)."""
        self._await_end_of_log()
        with Path("/dev/full").open("wb") as full:
            self._start(full)

    def _start(self, output: IO[bytes], more: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._directory,
            env={**self._environment, **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # In a separate session, Ctrl-C reaches only the suite, which ends the others.
            start_new_session=True,
        )

    def kill(self) -> None:
        """Kill it and its children (SIGKILL)."""
        for member in reversed(self.family):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        if self._process is not None:
            self._process.wait(PATIENCE_SECONDS)
        self._await_end_of_log()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end_log(self) -> None:
        """Kill the reader of its output (SIGKILL), which breaks the pipe."""
        assert self._log_reader is not None
        self._log_reader.kill()
        self._await_end_of_log()

    def _await_end_of_log(self) -> None:
        if self._log_reader is not None:
            self._log_reader.wait(PATIENCE_SECONDS)

    def freeze_log(self) -> None:
        """Freeze the reader of its output (SIGSTOP)."""
        assert self._log_reader is not None
        self._log_reader.send_signal(signal.SIGSTOP)

    def thaw_log(self) -> None:
        """Let the reader continue (SIGCONT)."""
        assert self._log_reader is not None
        self._log_reader.send_signal(signal.SIGCONT)

    async def stop(self) -> int:
        """Ask it to end (SIGTERM), and return its exit code.

        Raises:
            NotInTime: it did not end.
        """
        assert self._process is not None
        self._process.terminate()
        return await self.end()

    async def end(self) -> int:
        """Wait until it has ended by itself, and return its exit code.

        Raises:
            NotInTime: it did not end.
        """
        process = self._process
        assert process is not None
        await until(f"{self.name} ended", _as_async(lambda: process.poll() is not None), PATIENCE_SECONDS)
        return process.returncode

    def freeze(self) -> None:
        """Freeze it and its children (SIGSTOP)."""
        for member in reversed(self.family):
            member.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it continue (SIGCONT)."""
        for member in self.family:
            member.send_signal(signal.SIGCONT)

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        if not self.log.exists():
            return f"{self.name} wrote nothing."
        said = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
        return "\n".join([f"{self.name} last said:", *said])


@asynccontextmanager
async def ended(programs: Sequence[Program]) -> AsyncIterator[None]:
    """End all of them, however the block ends."""
    try:
        yield
    finally:
        for program in programs:
            program.kill()


def _as_async(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        return condition()

    return look
