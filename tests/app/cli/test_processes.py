"""Several server processes on one port, with PostgreSQL and Redis."""

import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running, url_of
from tests.patience import PATIENCE_SECONDS

on_postgresql = pytest.mark.parametrize("databases", ["postgres"], indirect=True)

ReadyServer = tuple[Running, str]


@pytest.fixture
def server(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[ReadyServer]:
    """A server of two processes, both ready, and its address."""
    settings = {
        "DATABASE_URL": database_url,
        "BROKER_URL": redis_url,
        "DATA_DIR": str(tmp_path / "data"),
        "BOOTSTRAP_API_KEY": KEY,
        "LOG_FORMAT": "json",
    }
    with Running("serve", "--processes", "2", "--port", "0", directory=tmp_path, **settings) as running:
        url = url_of(running)
        running.until_errors("server.started", 2)
        yield running, url


def children(server: Running) -> list[psutil.Process]:
    return psutil.Process(server.pid).children()


def publish(url: str) -> int:
    """Publish over a new connection; return the status of the answer."""
    mutation = 'mutation { publishEvent(input: {type: "ping.sent", data: {}}) { event { id } userErrors { message } } }'
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx.post(f"{url}/graphql", json={"query": mutation}, headers=headers, timeout=PATIENCE_SECONDS).status_code


@on_postgresql
def test_each_process_answers_on_the_same_port(server: ReadyServer) -> None:
    running, url = server
    for frozen in children(running):
        frozen.suspend()
        try:
            assert publish(url) == 200  # by the other one
        finally:
            frozen.resume()

    code = running.stop()

    assert code == 0
    assert sum("The API is at" in line for line in running.rest()) == 1


@on_postgresql
def test_a_killed_process_is_replaced_while_the_others_answer(server: ReadyServer) -> None:
    running, url = server
    killed, other = children(running)

    killed.kill()
    running.until_errors("server.process_ended", 1)
    meanwhile = publish(url)
    running.until_errors("server.started", 3)
    now = children(running)
    code = running.stop()

    assert meanwhile == 200
    assert len(now) == 2
    assert other in now
    assert killed not in now
    assert code == 0


@on_postgresql
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_all_processes_end_in_order_when_the_server_is_stopped(server: ReadyServer, number: signal.Signals) -> None:
    running, _ = server
    before = children(running)

    code = running.stop(number)

    assert code == 0
    assert not any(process.is_running() for process in before)
    assert running.errors.count("server.stopped") == 2


@on_postgresql
def test_no_process_outlives_a_killed_parent(server: ReadyServer) -> None:
    running, _ = server
    before = children(running)

    running.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(before, timeout=PATIENCE_SECONDS)

    assert alive == []


def test_a_server_that_cannot_start_says_so_once_and_ends(invoke: Invoke, redis_url: str) -> None:
    nowhere = "postgres://postgres@127.0.0.1:9/nowhere"

    result = invoke("serve", "--processes", "2", "--port", "0", DATABASE_URL=nowhere, BROKER_URL=redis_url)

    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("options", "settings", "reason"),
    [
        ([], {"DATABASE_URL": "sqlite://one.db"}, "SQLite has one writer at a time"),
        ([], {"BROKER_URL": "memory://"}, "memory:// stays in one"),
        (["--reload"], {}, "--reload restarts one process"),
    ],
)
def test_what_does_not_go_with_several_processes_is_refused(
    invoke: Invoke, redis_url: str, options: list[str], settings: dict[str, str], reason: str
) -> None:
    given = {"DATABASE_URL": "postgres://postgres@127.0.0.1:9/nowhere", "BROKER_URL": redis_url, **settings}

    result = invoke("serve", "--processes", "2", *options, **given)

    assert result.exit_code == 1
    assert reason in result.stderr
