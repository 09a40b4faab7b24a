"""`serve`, `worker` and `migrate`, as separate processes."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from app.cli import running
from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, Running, run, serving, url_of
from tests.databases import SqliteDatabases
from tests.patience import PATIENCE_SECONDS


def test_migrating_twice_applies_everything_once(invoke: Invoke, empty_database_url: str) -> None:
    first = invoke("migrate", "--json", DATABASE_URL=empty_database_url)
    second = invoke("migrate", "--json", DATABASE_URL=empty_database_url)
    third = invoke("migrate", DATABASE_URL=empty_database_url)

    assert json.loads(first.stdout)["applied"][0] == "0001_initial"
    assert json.loads(second.stdout) == {"applied": []}
    assert third.stdout == "Nothing to do: the database is up to date.\n"


def test_people_read_what_was_applied(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("migrate", DATABASE_URL=f"sqlite://{tmp_path / 'new' / 'some.db'}")

    assert result.stdout.startswith("Applied 0001_initial, ")
    assert (tmp_path / "new" / "some.db").is_file()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_says_where_it_is_and_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as server:
        alive = httpx.get(f"{url_of(server)}/health/live", timeout=PATIENCE_SECONDS)
        code = server.stop(number)

    assert (alive.status_code, code) == (200, 0)


def test_host_and_port_of_the_command_win_over_the_environment(tmp_path: Path) -> None:
    with Running("serve", "--host", "::1", "--port", "0", directory=tmp_path, PORT="1", HOST="127.0.0.1") as server:
        address = urlsplit(url_of(server))
        server.stop()

    assert address.hostname == "::1"
    assert address.port != 1


def test_a_server_that_reloads_starts_again_when_a_file_changes(tmp_path: Path) -> None:
    with Running("serve", "--reload", "--port", "0", directory=tmp_path, BOOTSTRAP_API_KEY=KEY) as server:
        first = url_of(server)
        rest_of_greeting = [server.line() for _ in range(3)]
        os.utime(running.__file__)
        second = url_of(server)
        alive = httpx.get(f"{second}/health/live", timeout=PATIENCE_SECONDS)
        code = server.stop(signal.SIGINT)

    assert (alive.status_code, code) == (200, 0)
    assert rest_of_greeting[0] == f"The API is at {first}/graphql"
    assert "BOOTSTRAP_API_KEY" in rest_of_greeting[2]
    assert first != second


@pytest.fixture
def settings(sqlite_databases: SqliteDatabases, redis_url: str, tmp_path: Path) -> dict[str, str]:
    """A server and a worker that share a file, a key and a Redis."""
    return {
        "DATABASE_URL": f"sqlite://{tmp_path / 'shared.db'}",
        "DATA_DIR": str(tmp_path / "data"),
        "BROKER_URL": redis_url,
    }


@pytest.fixture
def server(tmp_path: Path, settings: dict[str, str]) -> Iterator[str]:
    with serving(tmp_path, **settings) as started:
        yield url_of(started)


def test_a_worker_delivers_what_a_server_takes(tmp_path: Path, settings: dict[str, str], server: str) -> None:
    with (
        Running("worker", directory=tmp_path, **settings) as worker,
        Running("listen", "--port", "0", "--json", directory=tmp_path) as listener,
    ):
        listening = listener.object()
        made = httpx.post(
            f"{server}/graphql",
            json={"query": listening["createWebhook"]},
            headers={"authorization": f"Bearer {KEY}"},
        )
        run("publish", "ticket.created", "--url", server, "--key", KEY, directory=tmp_path)
        delivery = listener.object()
        code = worker.stop()

    assert made.json()["data"]["createWebhook"]["userErrors"] == []
    assert (delivery["eventType"], delivery["verified"]) == ("ticket.created", True)
    assert code == 0
    assert "worker.stopped" in worker.errors


def test_a_worker_answers_where_it_is_configured_to(tmp_path: Path, settings: dict[str, str], server: str) -> None:
    with Running("worker", directory=tmp_path, WORKER_PORT="0", LOG_FORMAT="json", **settings) as worker:
        started = worker.error_line("worker.started")
        alive = httpx.get(f"{json.loads(started)['url']}/health/live", timeout=PATIENCE_SECONDS)
        code = worker.stop()

    assert (alive.status_code, code) == (200, 0)


def test_a_worker_is_not_needed_where_the_server_delivers_itself(invoke: Invoke) -> None:
    result = invoke("worker", BROKER_URL="memory://")

    assert result.exit_code == 1
    assert result.stderr.startswith("BROKER_URL is memory://, so the server delivers by itself")
