"""A server as a person starts it: a separate process that prints its address."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.forkserver import Forked
from tests.patience import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
# Stderr goes into a file.
KEPT = 0
_PROGRAM = "from tests.app.web.running import run; run()"


def run() -> None:
    """What runs in the separate process."""
    from app.settings import load_settings
    from app.web.serve import serve

    serve(load_settings())


class Running:
    """`serve` with some settings, in a separate directory; always ended at the end of `with`.

    Args:
        errors: where stderr goes instead of into the file that `log` reads; None closes it.

    Raises:
        AssertionError: it ended instead of starting; the message is its output.
    """

    def __init__(self, data_dir: Path, errors: int | None = KEPT, /, **settings: str) -> None:
        given = {"PORT": "0", "DATA_DIR": str(data_dir), **{name.upper(): value for name, value in settings.items()}}
        self._errors = (data_dir.parent / "stderr").open("w+", encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **given}
        self._output, output = os.pipe()
        self._process: Forked | subprocess.Popen[bytes]
        if errors is None:
            # Without stderr from its very start.
            command = ["sh", "-c", 'exec "$0" "$@" 2>&-', sys.executable, "-c", _PROGRAM]
            self._process = subprocess.Popen(command, cwd=data_dir.parent, env=environment, stdout=output)
        else:
            self._process = Forked(
                f"{__name__}:run",
                [sys.executable],
                data_dir.parent,
                environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors or self._errors,
            )
        os.close(output)

    def __enter__(self) -> Self:
        self.greeting = _all_there_is(self._output)
        found = re.search(r"https?://[^/\s]+", self.greeting)
        assert found is not None, self.log
        self.url = found[0].removesuffix("/graphql")
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        os.close(self._output)
        self._errors.close()

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return (ROOT / self._errors.name).read_text(encoding="utf-8")

    def until_logged(self, text: str) -> None:
        """Wait until it has logged this; a thread writes its log.

        Raises:
            AssertionError: it did not.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.log:
            assert time.monotonic() < deadline, self.log
            time.sleep(0.01)

    @property
    def key(self) -> str:
        """The admin key that it printed."""
        found = re.search(r"^    (eev_\S+)$", self.greeting, re.MULTILINE)
        assert found is not None, self.greeting
        return found[1]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and return its exit code."""
        self._process.send_signal(number)
        return self._process.wait(PATIENCE_SECONDS)

    def ask(self, query: str, key: str) -> httpx.Response:
        """Send it an operation."""
        headers = {"authorization": f"Bearer {key}"}
        return httpx.post(f"{self.url}/graphql", json={"query": query}, headers=headers, timeout=PATIENCE_SECONDS)


def _all_there_is(output: int) -> str:
    """What is written at once, or until the end."""
    readable, _, _ = select.select([output], [], [], PATIENCE_SECONDS)
    return os.read(output, 65_536).decode() if readable else ""
