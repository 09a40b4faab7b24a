"""Runs a server program for tests: starts it, waits until it is ready, stops it or kills it.

This module knows no particular program; those are in `tests.services`.
"""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import psutil

from tests.patience import PATIENCE_SECONDS
from tests.programs import Account


class ServerFailed(Exception):
    """A server did not start or stop, or does not run. The message contains the end of its output."""


def free_port() -> int:
    """Return a TCP port on which nothing listens at 127.0.0.1.

    It is below the ports that systems use for outgoing connections. Otherwise a client that keeps calling a stopped
    server could be given that very port, connect to itself, and prevent the server from starting again.
    """
    for port in random.sample(range(20_000, 30_000), k=1_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerFailed("None of 1,000 ports between 20000 and 29999 is free at 127.0.0.1.")


class Server(ABC):
    """A server program with its own port and directory, which both stay the same when it is started again."""

    _ready: ClassVar[str]
    _stop_signal: ClassVar[signal.Signals]
    _abort_signal: ClassVar[signal.Signals]

    def __init__(self, account: Account | None = None) -> None:
        self.port = free_port()
        self._account = account
        self._directory = Path(tempfile.mkdtemp(prefix="eev-webhooks-test-"))
        if account is not None:
            os.chown(self._directory, account.uid, account.gid)
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread()
        self._output: deque[str] = deque(maxlen=50)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The id of the running process."""
        return self._running().pid

    def start(self) -> None:
        """Start, and return when connections are accepted.

        Raises:
            ServerFailed: it ended instead, or took longer than `PATIENCE_SECONDS`, or runs already.
        """
        if self._process is not None and self._process.poll() is None:
            raise ServerFailed(f"{type(self).__name__} on port {self.port} runs already; stop it first.")
        settled = threading.Event()
        self._process = self._launch(self._command())
        self._reader = threading.Thread(target=self._read, args=(self._process, settled), daemon=True)
        self._reader.start()
        in_time = settled.wait(PATIENCE_SECONDS)
        if not in_time or self._process.poll() is not None:
            self.kill()
            raise ServerFailed(f"{type(self).__name__} did not start on port {self.port}:\n{self.output}")

    def stop(self) -> None:
        """Stop it in good order, closing its clients' connections.

        Raises:
            ServerFailed: it took longer than `PATIENCE_SECONDS`, and was killed.
        """
        self._end_by(self._stop_signal)

    def abort(self) -> None:
        """Stop it at once without finishing anything; for PostgreSQL like `pg_ctl stop -m immediate`.

        Raises:
            ServerFailed: it took longer than `PATIENCE_SECONDS`, and was killed.
        """
        self._end_by(self._abort_signal)

    def kill(self) -> None:
        """Kill the server and its children (SIGKILL), as a crash does."""
        process = self._running()
        for member in _family(process.pid):
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        self._wait_for_end(process)

    def restart(self) -> None:
        """Stop it in good order, and start it again with its data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End it if it runs, and remove its directory."""
        if self._process is not None:
            self.abort()
        shutil.rmtree(self._directory, ignore_errors=True)

    @property
    def output(self) -> str:
        """The last lines that it wrote."""
        return "".join(self._output)

    @abstractmethod
    def _command(self) -> Sequence[str | Path]:
        """Return the program and its arguments."""

    def _launch(self, command: Sequence[str | Path]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=self._directory,
            env={**os.environ, "LC_ALL": "C"},
            user=self._account.uid if self._account else None,
            group=self._account.gid if self._account else None,
            extra_groups=[] if self._account else None,
            # In a separate session, Ctrl-C reaches only the tests, which end the server.
            start_new_session=True,
        )

    def _read(self, process: "subprocess.Popen[str]", settled: threading.Event) -> None:
        output = process.stdout
        assert output is not None
        with output:
            for line in output:
                self._output.append(line)
                if self._ready in line:
                    settled.set()
        process.wait()
        settled.set()

    def _running(self) -> "subprocess.Popen[str]":
        if self._process is None:
            raise ServerFailed(f"{type(self).__name__} on port {self.port} is not running; start it first.")
        return self._process

    def _end_by(self, number: signal.Signals) -> None:
        process = self._running()
        process.send_signal(number)
        try:
            self._wait_for_end(process)
        except subprocess.TimeoutExpired:
            self.kill()
            raise ServerFailed(
                f"{type(self).__name__} did not end within {PATIENCE_SECONDS:g} s of {number.name}:\n{self.output}"
            ) from None

    def _wait_for_end(self, process: "subprocess.Popen[str]") -> None:
        process.wait(PATIENCE_SECONDS)
        # Its children write to the same pipe: when the pipe ends, they have ended too, whichever process reaps them.
        self._reader.join(PATIENCE_SECONDS)
        self._process = None


def _family(pid: int) -> list[psutil.Process]:
    """Return a process, followed by its children; nothing if it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
