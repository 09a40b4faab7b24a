"""Runs programs that talk to a server; those for Node use the npm packages that `make test-clients` installs here."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_SECONDS

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
# A line contains a whole message; asyncio's own limit is 64 KiB.
_LINE_BYTES = 16 * 1024 * 1024


class Program:
    """A program that reports in lines of JSON."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def says(self, name: str) -> dict[str, Any]:
        """The next line that has a property of this name; skips those before it.

        Raises:
            AssertionError: it ended first; the message is its stderr.
        """
        while name not in (line := await self.line()):
            pass
        return line

    async def line(self) -> dict[str, Any]:
        """The next line, parsed.

        Raises:
            AssertionError: there is none; the message is its stderr.
        """
        line: dict[str, Any] = json.loads(await self.text())
        return line

    async def text(self) -> str:
        """The next line as it is.

        Raises:
            AssertionError: there is none; the message is its stderr.
        """
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await self._process.stdout.readline()
            if not line:
                raise AssertionError((await self._process.stderr.read()).decode())
        return line.decode().rstrip("\n")

    async def warns(self, containing: str) -> None:
        """Wait for a line on its stderr that contains a text.

        Raises:
            AssertionError: it ended without; the message is its stderr.
        """
        assert self._process.stderr is not None
        said = ""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while containing not in said:
                line = (await self._process.stderr.readline()).decode()
                assert line, said
                said += line


@asynccontextmanager
async def running(*words: str | Path, directory: Path = HERE, **environment: str) -> AsyncIterator[Program]:
    """Run a program until the block ends, whatever it does."""
    process = await _start(*words, directory=directory, environment=environment)
    try:
        yield Program(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(*words: str | Path, directory: Path = HERE, **environment: str) -> str:
    """Run a program to its end, `words` being its name in `node_modules/.bin` or elsewhere, and its arguments.

    Returns:
        What it wrote to stdout.

    Raises:
        AssertionError: it failed; the message is its whole output.
    """
    process = await _start(*words, directory=directory, environment=environment)
    async with asyncio.timeout(PATIENCE_SECONDS):
        output, errors = await process.communicate()
    assert process.returncode == 0, f"{words} ended with {process.returncode}:\n{(output + errors).decode()}"
    return output.decode()


async def _start(*words: str | Path, directory: Path, environment: dict[str, str]) -> Process:
    assert PACKAGES.is_dir(), f"There are no npm packages in {PACKAGES}: run `make test-clients`, which installs them."
    path = os.pathsep.join([str(PACKAGES / ".bin"), os.environ["PATH"]])
    return await asyncio.create_subprocess_exec(
        *words, cwd=directory, env={**environment, "PATH": path}, stdout=PIPE, stderr=PIPE, limit=_LINE_BYTES
    )
