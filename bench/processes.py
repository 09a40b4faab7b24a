"""Starts processes of the product and of the bench, and reads from the operating system what they cost."""

import asyncio
import os
import platform
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

READY_SECONDS = 60.0
STOP_SECONDS = 20.0
GRACE_SECONDS = 0.5
_ON_LINUX = platform.system() == "Linux"
PROGRAM = Path(sys.executable).with_name("eev-webhooks")


class NotStarted(Exception):
    """A process ended before it was ready; the message contains its output."""


class Died(Exception):
    """A process ended while it was needed; the message contains its last output."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process, with its children, has used so far."""

    cpu_seconds: float
    memory_mb: float
    peak_mb: float


class Process:
    """A running process, by its id."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)

    @property
    def cost(self) -> Cost:
        """What it has used so far; memory shared with others counts in each process."""
        family = [self._process, *self._process.children(recursive=True)]
        cpu = memory = peak = 0.0
        for member in family:
            try:
                cpu += _cpu_seconds(member)
                memory += member.memory_info().rss / 1e6
                peak += _peak_mb(member.pid)
            except (psutil.NoSuchProcess, OSError):
                continue
        # The usage of ended children is added to their parent's.
        ended = self._process.cpu_times()
        return Cost(cpu + ended.children_user + ended.children_system, memory, peak)


def _cpu_seconds(process: psutil.Process) -> float:
    """CPU time of a process. Linux reports nanoseconds, other systems steps of about 10 ms."""
    if _ON_LINUX:
        return time.clock_gettime(~process.pid << 3 | 2)  # clock_getcpuclockid(3), which Python does not have
    times = process.cpu_times()
    return times.user + times.system


def _peak_mb(pid: int) -> float:
    """Peak resident memory of a process on Linux; elsewhere its present memory."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return psutil.Process(pid).memory_info().rss / 1e6
    for line in status.read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def cpu_of(processes: Mapping[str, Process]) -> dict[str, float]:
    """CPU seconds of each process so far."""
    return {name: process.cost.cpu_seconds for name, process in processes.items()}


def used_since(before: Mapping[str, float], processes: Mapping[str, Process]) -> dict[str, float]:
    """CPU seconds of each process since `cpu_of`."""
    return {name: seconds - before[name] for name, seconds in cpu_of(processes).items()}


def peaks_of(processes: Mapping[str, Process]) -> dict[str, float]:
    """The peak memory of each process, as details of a line."""
    return {f"{name} peak MB": process.cost.peak_mb for name, process in processes.items()}


@dataclass(frozen=True, slots=True)
class Started:
    """A child process and its first line of output that said it was ready."""

    pid: int
    process: Process
    line: str


@asynccontextmanager
async def running(
    *command: str | Path, ready: str, log: Path, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Started]:
    """Run a command until the block ends; the block begins once a line of its output contains `ready`. All output goes
    to `log`.

    Raises:
        NotStarted: it ended, or printed nothing in time.
        Died: it ended while the block ran, and the block failed.
    """
    with log.open("wb") as output:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    process = Process(child.pid)  # now, because one that ends early cannot be found by its ID later
    try:
        line = await _until_ready(child, log, ready)
        yield Started(child.pid, process, line)
    except Exception as error:
        # An error that follows from the end of the process says less than the process itself, which may be just ending.
        with suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), GRACE_SECONDS)
        if child.returncode is not None and not isinstance(error, NotStarted):
            said = "\n".join(_lines(log)[-30:])
            raise Died(f"{error!r}, as {Path(command[0]).name} had ended with {child.returncode}:\n{said}") from error
        raise
    finally:
        await _ended(child)


async def _until_ready(child: asyncio.subprocess.Process, log: Path, ready: str) -> str:
    ends_at = asyncio.get_running_loop().time() + READY_SECONDS
    while asyncio.get_running_loop().time() < ends_at:
        if line := next((line for line in _lines(log) if ready in line), None):
            return line
        if child.returncode is not None:
            break
        await asyncio.sleep(0.005)
    said = "\n".join(_lines(log)[-30:])
    raise NotStarted(f"Process {child.pid} did not say {ready!r}:\n{said}")


def _lines(log: Path) -> list[str]:
    """The complete lines."""
    return log.read_text(errors="replace").split("\n")[:-1]


async def _ended(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        child.terminate()
    try:
        await asyncio.wait_for(child.wait(), STOP_SECONDS)
    except TimeoutError:
        child.kill()
        await child.wait()
