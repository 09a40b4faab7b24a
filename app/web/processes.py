"""`eev-webhooks serve --processes N`: several server processes that accept connections from one socket.

The parent only starts them, passes signals on, and replaces a process that ends. A busy process leaves connections to
the others, and those that nobody has accepted yet survive a killed one. Each process ends when the parent does.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import structlog

from app.logs import configure_logging
from app.settings import Settings, SettingsError
from app.web.listening import bound

log = structlog.get_logger()

# Before a process that ended is replaced, so that one that cannot start does not use a whole core.
PAUSE_SECONDS = 1.0
_READY = b"ready"


def require_several(settings: Settings) -> None:
    """Refuse settings with which several server processes cannot share one port.

    Raises:
        SettingsError: a setting makes them work against each other.
    """
    if settings.database_url.startswith("sqlite:"):
        raise SettingsError(
            [
                "--processes needs PostgreSQL: SQLite has one writer at a time, and DATABASE_URL is an SQLite file. Run"
                " one process, or set DATABASE_URL, BROKER_URL and UPDATES_URL for several."
            ]
        )
    if settings.delivers_itself or settings.updates_url.startswith("memory:"):
        raise SettingsError(
            [
                "--processes needs a broker and live updates that reach every process, and memory:// stays in one. Set"
                " BROKER_URL to redis://… or amqp://… and UPDATES_URL to redis://…, and run `eev-webhooks worker`."
            ]
        )


def serve_processes(settings: Settings, count: int, options: Sequence[str]) -> int:
    """Run `count` server processes until SIGINT or SIGTERM; return the exit code.

    Args:
        options: given to `eev-webhooks serve` in each process.

    Raises:
        SettingsError: HOST and PORT cannot be used, or the settings are for one process.
    """
    require_several(settings)
    configure_logging(settings)
    with bound(settings.host, settings.port) as listener, asyncio.Runner() as runner:
        return runner.run(_Processes(listener, options).run(count))


@dataclass(frozen=True, slots=True)
class Part:
    """What one of several processes inherits, as text: `LISTENER:PARENT:GREETS`, two open files and 0 or 1."""

    listener: socket.socket
    parent: socket.socket
    greets: bool

    @classmethod
    def of(cls, text: str) -> "Part":
        """Take over the open files that a text names."""
        listener, parent, greets = (int(word) for word in text.split(":"))
        return cls(socket.socket(fileno=listener), socket.socket(fileno=parent), bool(greets))

    def ready(self, greeting: str) -> None:
        """Tell the parent, and a person if this process is the one to do so; from now on, end with the parent."""
        from app.web.serve import print_now

        if self.greets:
            print_now(greeting)
        with suppress(OSError):
            self.parent.send(_READY)
        asyncio.get_running_loop().add_reader(self.parent, self._parent_ended)

    def _parent_ended(self) -> None:
        asyncio.get_running_loop().remove_reader(self.parent)
        os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class _Child:
    process: asyncio.subprocess.Process
    ours: socket.socket


class _Processes:
    def __init__(self, listener: socket.socket, options: Sequence[str]) -> None:
        self._listener = listener
        self._options = options
        self._running: set[_Child] = set()
        self._stopping = asyncio.Event()

    async def run(self, count: int) -> int:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, partial(self._pass_on, number))
        # Alone, because it creates the first API key, and because others would fail as it does.
        first = await self._start(greets=True)
        if not await asyncio.get_running_loop().sock_recv(first.ours, len(_READY)):
            code = await self._end_of(first)
            return 0 if self._stopping.is_set() else max(code, 1)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep(first))
            for _ in range(count - 1):
                group.create_task(self._keep(None))
        return 0

    async def _keep(self, child: _Child | None) -> None:
        """Keep one process running, beginning with this one, until it is to stop."""
        while child is not None or not self._stopping.is_set():
            child = child or await self._start(greets=False)
            code = await self._end_of(child)
            if not self._stopping.is_set():
                log.warning("server.process_ended", pid=child.process.pid, code=code, again_in_seconds=PAUSE_SECONDS)
                with suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_SECONDS):
                        await self._stopping.wait()
            child = None

    async def _start(self, *, greets: bool) -> _Child:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        inherited = (self._listener.fileno(), theirs.fileno())
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app.cli", "serve", *self._options),
                f"--part={inherited[0]}:{inherited[1]}:{int(greets)}",
                pass_fds=inherited,
                start_new_session=True,  # Ctrl-C reaches the parent alone, which passes it on once.
            )
        child = _Child(process, ours)
        self._running.add(child)
        if self._stopping.is_set():
            process.terminate()
        return child

    async def _end_of(self, child: _Child) -> int:
        code = await child.process.wait()
        self._running.discard(child)
        child.ours.close()
        return code

    def _pass_on(self, number: int) -> None:
        self._stopping.set()
        for child in self._running:
            with suppress(ProcessLookupError):
                child.process.send_signal(number)
