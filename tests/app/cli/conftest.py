"""Commands within the tests' own process, in a separate directory and only with the given settings."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from typer.testing import CliRunner, Result

from app.cli import program
from app.settings import Settings
from tests.logging_state import logging_put_back

Invoke: TypeAlias = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Invoke]:
    """Run a command: `invoke("key", "list", DATABASE_URL=…)`. Exceptions other than exit codes reach the test."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)

    def run(*arguments: str, given: str | None = None, **environment: str) -> Result:
        settings = {"DATA_DIR": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "COLUMNS": "200", **environment}
        return CliRunner().invoke(program, arguments, input=given, env=settings, catch_exceptions=False)

    with logging_put_back():
        yield run


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that is taken, so that no other program listens there, and that refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
