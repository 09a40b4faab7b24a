"""A running server and a listening receiver, and commands that talk to them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running, serving, url_of

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
TICKET = {"ticket": {"id": "tkt_1", "subject": "The printer is on fire", "status": "open"}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server for all tests of a module."""
    with serving(tmp_path_factory.mktemp("server")) as started:
        yield url_of(started)


@pytest.fixture(scope="module")
def listener(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a receiver that verifies with SECRET, for all tests of a module."""
    arguments = ("--port", "0", "--json", "--secret", SECRET)
    with Running("listen", *arguments, directory=tmp_path_factory.mktemp("listener")) as started:
        yield started.object()["url"]


@pytest.fixture
def remote(invoke: Invoke, server: str) -> Invoke:
    """Run a command with the key and the address of the server in its environment."""

    def run(*arguments: str, given: str | None = None, **environment: str) -> Any:
        return invoke(*arguments, given=given, **{"EEV_WEBHOOKS_URL": server, "EEV_WEBHOOKS_KEY": KEY, **environment})

    return run


def output(result: Any) -> Any:
    """What a command that must succeed printed, as JSON."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)
