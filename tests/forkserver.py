"""Starts programs of the product in separate processes that have its modules loaded already.

Loading them costs a second of CPU, most of what a server's start costs, and the suite starts hundreds of programs. One
process of the session loads them once and forks for every program. The programs differ from freshly started ones in
nothing else: their arguments, environment, directory and streams are their own.

Run as a script, this module is the process that forks. A request is a line of JSON beside four file descriptors: stdin,
stdout, stderr, and where to write the process ID and, later, the exit code.
"""

import atexit
import contextlib
import functools
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, TypeAlias

from tests.patience import PATIENCE_SECONDS

Stream: TypeAlias = IO[str] | IO[bytes] | int

_MODULES = ("app.cli", "app.web.application", "app.web.feed", "app.web.serve", "graph.view", "tasks.process")
_MAX_REQUEST = 1 << 20
_ONE_AT_A_TIME = threading.Lock()


class Forked:
    """A program that was started here: what tests use of `subprocess.Popen`.

    Args:
        target: the function to run, as module:function.
        arguments: those of the command line, beginning with the program's name.
        environment: the whole environment.
        stdin, stdout, stderr: files or file descriptors.
    """

    def __init__(
        self,
        target: str,
        arguments: Sequence[str],
        directory: Path,
        environment: Mapping[str, str],
        stdin: Stream,
        stdout: Stream,
        stderr: Stream,
    ) -> None:
        self.args = list(arguments)
        self.returncode: int | None = None
        told, tells = os.pipe()
        request = json.dumps([target, self.args, str(directory), {**environment}])
        with Path(os.devnull).open("r+b") as nothing:
            streams = [nothing if stream == subprocess.DEVNULL else stream for stream in (stdin, stdout, stderr)]
            descriptors = [stream if isinstance(stream, int) else stream.fileno() for stream in streams]
            self._told = os.fdopen(told, "rb", buffering=0)
            with _ONE_AT_A_TIME:
                socket.send_fds(_server(), [request.encode() + b"\n"], [*descriptors, tells])
                os.close(tells)
                self.pid = int(self._next())

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._ended_within(0)

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Wait until it has ended, and return its exit code: -N if signal N ended it.

        Raises:
            TimeoutExpired: it runs longer than that.
        """
        code = self._ended_within(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def _ended_within(self, seconds: float) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], seconds)[0]:
            self.returncode = int(self._next())
            self._told.close()
        return self.returncode

    def _next(self) -> bytes:
        line = self._told.readline()
        assert line, "The process that forks has ended."
        return line


@functools.cache
def _server() -> socket.socket:
    """The connection to this session's process that forks."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        forking = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            cwd=Path(__file__).parents[1],
            env={"PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # Ctrl-C is for the session, which ends its programs.
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        forking.wait()

    atexit.register(end)
    return ours


def _serve(connection: socket.socket) -> tuple[str, list[int]]:
    """Fork for every request until the session has ended. Returns in a forked process too, with its request."""
    running: dict[int, int] = {}
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready = select.select([connection.fileno(), woken], [], [])[0]
        if woken in ready:
            os.read(woken, 1024)
            _tell_of_ended(running)
        if connection.fileno() in ready:
            request, descriptors = _received(connection)
            if not request:
                return "", []
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for number in (woken, wakes, connection.detach(), *running.values()):
                    os.close(number)
                return request, descriptors
            *streams, tells = descriptors
            for number in streams:
                os.close(number)
            os.write(tells, b"%d\n" % pid)
            running[pid] = tells


def _received(connection: socket.socket) -> tuple[str, list[int]]:
    """The next request, which is sent only when the one before was answered; empty at the end of the session."""
    request, descriptors, _, _ = socket.recv_fds(connection, _MAX_REQUEST, 4)
    while request and not request.endswith(b"\n"):
        request += connection.recv(_MAX_REQUEST)
    return request.decode(), descriptors


def _tell_of_ended(running: dict[int, int]) -> None:
    """Tell sessions the exit codes of programs that have ended."""
    for pid in list(running):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            tells = running.pop(pid)
            with contextlib.suppress(BrokenPipeError):
                os.write(tells, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(tells)


def _become(request: str, descriptors: list[int]) -> None:
    """Run the program of a request in this process."""
    target, arguments, directory, environment = json.loads(request)
    for number, descriptor in enumerate(descriptors):
        if number < 3:
            os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = arguments
    module, _, function = target.partition(":")
    sys.exit(getattr(importlib.import_module(module), function)())


def _main() -> None:
    for module in _MODULES:
        importlib.import_module(module)
    assert threading.active_count() == 1, "A thread would be missing in the forked processes."
    request, descriptors = _serve(socket.socket(fileno=int(sys.argv[1])))
    if request:
        _become(request, descriptors)


if __name__ == "__main__":
    _main()
