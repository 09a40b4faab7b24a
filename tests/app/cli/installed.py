"""Runs `eev-webhooks` as a person does: in a separate process, with the given settings.

`installed` runs the program that pip installs; all else starts faster, with its modules loaded already.
"""

import atexit
import functools
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from types import TracebackType
from typing import Any, Self

from tests.forkserver import Forked, Stream
from tests.patience import PATIENCE_SECONDS

PROGRAM = Path(sys.executable).parent / "eev-webhooks"
KEY = "a-key-that-the-tests-know"
# Profiles of the person who runs the tests are not found.
NO_PROFILES = "/nowhere"


def environment(settings: dict[str, str]) -> dict[str, str]:
    """The environment of a process: nothing from the tests' own but PATH, and wide enough lines."""
    return {"PATH": os.environ["PATH"], "COLUMNS": "200", "XDG_CONFIG_HOME": NO_PROFILES, **settings}


def installed(*arguments: str, directory: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the installed program to its end, in a directory and with settings."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=directory,
        env=environment(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def started(
    arguments: Sequence[str], directory: Path, settings: dict[str, str], stdin: Stream, stdout: Stream, stderr: Stream
) -> Forked:
    """Start a command in a directory and with settings."""
    command = [str(PROGRAM), *arguments]
    return Forked("app.cli:main", command, directory, environment(settings), stdin, stdout, stderr)


def run(*arguments: str, directory: Path, given: str = "", **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end, in a directory, with settings, and with `given` on its stdin."""
    with TemporaryFile("w+") as stdin, TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        stdin.write(given)
        stdin.seek(0)
        ran = started(arguments, directory, settings, stdin, stdout, stderr)
        code = ran.wait()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(ran.args, code, stdout.read(), stderr.read())


class Running:
    """A command that runs until it is stopped. Use it in `with`, which always ends it."""

    def __init__(self, *arguments: str, directory: Path, **settings: str) -> None:
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors: list[str] = []
        self._said = threading.Condition()
        output, stdout = os.pipe()
        errors, stderr = os.pipe()
        try:
            self._process = started(arguments, directory, settings, subprocess.DEVNULL, stdout, stderr)
        finally:
            os.close(stdout)
            os.close(stderr)
        self._stdout, self._stderr = os.fdopen(output), os.fdopen(errors)
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read, self._read_errors)]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._ended()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    @property
    def errors(self) -> str:
        """What it wrote to stderr so far; everything, once it has been stopped."""
        return "".join(self._errors)

    def line(self) -> str:
        """The next line of its stdout.

        Raises:
            AssertionError: there is none; the message is its stderr.
        """
        line = self._lines.get(timeout=PATIENCE_SECONDS)
        if line is None:
            self._ended()
            raise AssertionError(f"{self._process.args!r} ended with {self._process.returncode}:\n{self.errors}")
        return line

    def error_line(self, containing: str) -> str:
        """The first line of its stderr that contains a text.

        Raises:
            AssertionError: there is none; the message is its stderr.
        """
        with self._said:
            self._said.wait_for(lambda: containing in self.errors, PATIENCE_SECONDS)
            assert containing in self.errors, self.errors
            return next(line for line in self._errors if containing in line)

    def until_errors(self, text: str, times: int) -> None:
        """Wait until its stderr contains a text this many times.

        Raises:
            AssertionError: it does not; the message is its stderr.
        """
        with self._said:
            self._said.wait_for(lambda: self.errors.count(text) >= times, PATIENCE_SECONDS)
            assert self.errors.count(text) >= times, self.errors

    def object(self) -> dict[str, Any]:
        """The next line of its stdout, as JSON."""
        value: dict[str, Any] = json.loads(self.line())
        return value

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and return its exit code."""
        self._process.send_signal(number)
        self._ended()
        return self._process.wait()

    def rest(self) -> list[str]:
        """The remaining lines of its stdout, up to its end."""
        return list(iter(self._lines.get, None))

    def _ended(self) -> None:
        self._process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)

    def _read(self) -> None:
        with self._stdout as output:
            for line in output:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _read_errors(self) -> None:
        with self._stderr as errors:
            for line in errors:
                with self._said:
                    self._errors.append(line)
                    self._said.notify_all()


def serving(directory: Path, **settings: str) -> Running:
    """A server on a free port with KEY as its first key; its first line ends in its address (`url_of`).

    Its SQLite file is migrated already, unless it is started there again or on another database.
    """
    data = directory / "data"
    if "DATABASE_URL" not in settings and not data.exists():
        data.mkdir(mode=0o700)
        shutil.copy(_migrated(), data)
    given = {"PORT": "0", "DATA_DIR": str(data), "BOOTSTRAP_API_KEY": KEY, **settings}
    return Running("serve", directory=directory, **given)


@functools.cache
def _migrated() -> Path:
    """An SQLite file with all tables and no rows."""
    directory = TemporaryDirectory()
    atexit.register(directory.cleanup)
    migrated = run("migrate", directory=Path(directory.name), DATA_DIR=directory.name)
    assert migrated.returncode == 0, migrated.stderr
    return Path(directory.name) / "eev-webhooks.db"


def url_of(server: Running) -> str:
    """Wait until a server answers, and return its address."""
    return server.line().rpartition(" ")[2].removesuffix("/dashboard")
