"""The server as a process: what its first start prints, what it survives, and how it ends."""

import asyncio
import base64
import json
import os
import resource
import secrets
import signal
import socket
import sqlite3
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from app.database.errors import SchemaOutdated
from app.settings import SettingsError, load_settings
from app.web.listening import bound
from app.web.serve import serve
from tests.app.web.running import ROOT, Running
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.logging_state import logging_put_back
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver, after, answer

VIEWER = "{ viewer { workspace { name } scopes } }"
FOLLOW = "subscription { deliveryUpdates { cursor } }"
KEY = "a-key-that-scripts-know"
PROTOCOLS = [Subprotocol("graphql-transport-ws")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that no test stops."""
    with Running(tmp_path_factory.mktemp("server") / "data", bootstrap_api_key=KEY) as running:
        yield running


def test_the_first_start_makes_everything_and_shows_a_key_that_works(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Running(data) as running:
        answer = running.ask(VIEWER, running.key)

    assert answer.json()["data"]["viewer"]["workspace"] == {"name": "default"}
    assert "ADMIN" in answer.json()["data"]["viewer"]["scopes"]
    assert "shown only this once" in running.greeting
    assert running.key not in running.log
    assert (data / "eev-webhooks.db").is_file()
    assert stat.S_IMODE((data / "encryption.key").stat().st_mode) == 0o600


def test_the_second_start_shows_no_key_and_the_first_one_still_works(tmp_path: Path) -> None:
    with Running(tmp_path / "data") as first:
        key = first.key
        first.stop()
    with Running(tmp_path / "data") as second:
        answer = second.ask(VIEWER, key)

    assert answer.json()["data"]["viewer"]["workspace"] == {"name": "default"}
    assert "eev_" not in second.greeting
    assert second.greeting == f"The web page is at {second.url}/dashboard\nThe API is at {second.url}/graphql\n"


def test_a_key_that_was_chosen_works_and_is_not_shown(server: Running) -> None:
    assert server.ask(VIEWER, KEY).status_code == 200
    assert "BOOTSTRAP_API_KEY" in server.greeting
    assert KEY not in server.greeting + server.log


def test_development_says_what_it_allows(server: Running) -> None:
    server.until_logged("loopback and over plain http")


def test_it_may_open_more_files_than_it_was_given(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1_024, hard))
    try:
        with Running(tmp_path / "data") as running:
            metrics = httpx.get(f"{running.url}/metrics", timeout=PATIENCE_SECONDS).text
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert f"\nprocess_max_fds {float(min(hard, 65_536))}\n" in metrics


def test_production_logs_json_and_allows_none_of_it(tmp_path: Path) -> None:
    keys = base64.b64encode(os.urandom(32)).decode()
    with Running(tmp_path / "data", environment="production", encryption_keys=keys, host="127.0.0.1") as running:
        running.stop()
    events = [json.loads(line)["event"] for line in running.log.splitlines()]

    assert [event for event in events if event.startswith("server.")] == [
        "server.started",
        "server.stopping",
        "server.stopped",
    ]
    assert not (tmp_path / "data" / "encryption.key").exists()


def test_the_server_does_not_say_what_it_runs_on(server: Running) -> None:
    headers = httpx.get(f"{server.url}/health/live", timeout=PATIENCE_SECONDS).headers

    assert "server" not in headers
    assert "date" in headers


def test_a_client_that_sends_too_much_gets_its_answer(server: Running) -> None:
    response = httpx.post(f"{server.url}/graphql", content=b" " * 8_000_000, timeout=PATIENCE_SECONDS)

    assert response.status_code == 413
    assert "has 8,000,000 bytes; at most 4,194,304 are allowed" in response.json()["errors"][0]["message"]


def test_a_client_that_asks_first_is_refused_before_it_sends(server: Running) -> None:
    url = httpx.URL(server.url)
    request = f"POST /graphql HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 8000000\r\nExpect: 100-continue\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request.encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer


def test_a_message_on_a_socket_is_limited_too(server: Running) -> None:
    url = server.url.replace("http", "ws") + "/graphql"
    with connect(url, subprotocols=PROTOCOLS, open_timeout=PATIENCE_SECONDS) as socket_:
        # A text of 4.2 MB is announced. If it were sent too, a reset for what the server had not read could overtake
        # its answer.
        socket_.socket.sendall(struct.pack("!BBQI", 0x81, 0x80 | 127, 4_200_000, 0))
        with pytest.raises(ConnectionClosed) as closed:
            socket_.recv(timeout=PATIENCE_SECONDS)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009
    assert "exceeds limit of 4194304 bytes" in closed.value.rcvd.reason


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_and_in_good_order_although_clients_follow(tmp_path: Path, number: signal.Signals) -> None:
    # It would wait longer for requests in flight than the test waits for it.
    patient = str(2 * PATIENCE_SECONDS)
    with Running(tmp_path / "data", bootstrap_api_key=KEY, shutdown_seconds=patient) as running:
        headers = {"authorization": f"Bearer {KEY}", "accept": "text/event-stream"}
        url = f"{running.url}/graphql"
        with (
            httpx.Client(timeout=PATIENCE_SECONDS) as http,
            http.stream("POST", url, json={"query": FOLLOW}, headers=headers) as events,
            connect(url.replace("http", "ws"), subprotocols=PROTOCOLS, open_timeout=PATIENCE_SECONDS) as socket_,
        ):
            pieces = events.iter_bytes()
            first = next(pieces)
            socket_.send(json.dumps({"type": "connection_init", "payload": {"authorization": f"Bearer {KEY}"}}))
            assert json.loads(socket_.recv(timeout=PATIENCE_SECONDS))["type"] == "connection_ack"

            code = running.stop(number)

            for _ in pieces:  # the stream ends properly: a broken stream would raise
                pass
            with pytest.raises(ConnectionClosed) as closed:
                socket_.recv(timeout=PATIENCE_SECONDS)

    assert first
    assert code == 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012  # service restart: clients reconnect
    assert "Traceback" not in running.log
    assert "error" not in running.log


@pytest.fixture
def here() -> Iterator[None]:
    """Allow a test to run the server's start in its own process."""
    with logging_put_back():
        yield


@pytest.mark.usefixtures("here")
def test_a_port_that_is_taken_stops_the_start_before_anything_is_made(tmp_path: Path) -> None:
    with closing(bound("127.0.0.1", 0)) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf'HOST is "127.0.0.1" and PORT is {port}: .* in use'):
            serve(load_settings(port=port, data_dir=tmp_path / "data"))

    assert not (tmp_path / "data").exists()


@pytest.mark.usefixtures("here")
def test_of_two_servers_that_start_at_once_on_one_port_only_one_says_that_it_listens(tmp_path: Path) -> None:
    with closing(bound("127.0.0.1", 0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(SettingsError, match="in use"):
            serve(load_settings(port=port, data_dir=tmp_path / "data"))


def test_a_restart_waits_until_the_server_before_has_finished(tmp_path: Path) -> None:
    keys = base64.b64encode(os.urandom(32)).decode()
    url = f"sqlite://{tmp_path / 'data' / 'eev-webhooks.db'}"
    with ExitStack() as stack:
        first = stack.enter_context(Running(tmp_path / "data", encryption_keys=keys, bootstrap_api_key=KEY))
        (tmp_path / "second").mkdir()
        second = Running(tmp_path / "second" / "data", encryption_keys=keys, database_url=url, log_format="json")
        second.until_logged("server.waiting")
        code = first.stop()
        stack.enter_context(second)
        answer = second.ask(VIEWER, KEY)

    assert code == 0
    assert answer.status_code == 200


def hung_up(server: Running, sent: bytes, *, reset: bool) -> None:
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=PATIENCE_SECONDS) as connection:
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(sent)


def test_a_publisher_that_hangs_up_is_no_error(tmp_path: Path) -> None:
    event = '{type: "ticket.created", data: {ticket: {id: "tkt_1"}}}'
    events = ", ".join([event] * 50)
    body = json.dumps({"query": f"mutation {{ publishEvents(input: {{events: [{events}]}}) {{ deliveryCount }} }}"})
    with Running(tmp_path / "data", bootstrap_api_key=KEY) as running:
        for accept in ("application/json", "text/event-stream"):
            head = (
                f"POST /graphql HTTP/1.1\r\nHost: eev.test\r\nAuthorization: Bearer {KEY}\r\nAccept: {accept}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            request = (head + body).encode()
            for length in (len(head) - 1, len(head), len(request) // 2, *[len(request)] * 10):
                for reset in (False, True):
                    hung_up(running, request[:length], reset=reset)
                    hung_up(running, request + request[:length], reset=reset)
        running.ask(VIEWER, KEY)
        running.stop()

    assert "error" not in running.log.lower()


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_what_the_server_keeps_is_readable_by_its_owner_only(tmp_path: Path, umask: int) -> None:
    data = tmp_path / "data"
    before = os.umask(umask)
    try:
        with Running(data, bootstrap_api_key=KEY) as running:
            running.ask(VIEWER, KEY)
            while_running = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()}
        (data / "eev-webhooks.db").chmod(0o644)
        (data / "eev-webhooks.db-wal").chmod(0o644)
        with Running(data):
            again = {path.name: stat.S_IMODE(path.stat().st_mode) for path in data.iterdir()}
    finally:
        os.umask(before)

    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert {"eev-webhooks.db", "eev-webhooks.db-wal", "eev-webhooks.db-shm", "encryption.key"} <= while_running.keys()
    assert set(while_running.values()) == set(again.values()) == {0o600}


@pytest.mark.usefixtures("here")
def test_a_host_that_is_not_this_machines_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r'HOST is "192\.0\.2\.1" and PORT is 0'):
        serve(load_settings(host="192.0.2.1", port=0, data_dir=tmp_path / "data"))


@pytest.mark.usefixtures("here")
def test_a_chosen_key_that_cannot_be_one_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="BOOTSTRAP_API_KEY"):
        serve(load_settings(port=0, data_dir=tmp_path / "data", bootstrap_api_key="eevt_looks-like-a-token"))


@pytest.mark.usefixtures("here")
def test_a_postgresql_is_not_migrated_behind_anybodys_back(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    url = asyncio.run(postgres_databases.create_empty())

    with pytest.raises(SchemaOutdated, match="eev-webhooks migrate"):
        serve(load_settings(port=0, data_dir=tmp_path / "data", database_url=url))


def test_a_worker_answers_for_its_health_until_it_is_stopped(
    sqlite_databases: SqliteDatabases, redis_url: str, tmp_path: Path
) -> None:
    given = {
        "DATABASE_URL": asyncio.run(sqlite_databases.create()),
        "DATA_DIR": str(tmp_path),
        "BROKER_URL": redis_url,
        "WORKER_PORT": "0",
        "LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "app.cli", "worker"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **given}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as worker:
        assert worker.stderr is not None
        logged = (json.loads(line) for line in worker.stderr)
        url = next(line["url"] for line in logged if line["event"] == "worker.started")

        ready = httpx.get(f"{url}/health/ready", timeout=PATIENCE_SECONDS)
        metrics = httpx.get(f"{url}/metrics", timeout=PATIENCE_SECONDS)
        worker.send_signal(signal.SIGTERM)
        ended = [line["event"] for line in logged]

    assert (ready.status_code, ready.json()["checks"]["sweep"]) == (200, {"status": "ok"})
    assert "eev_webhooks_attempts_total" in metrics.text
    assert worker.returncode == 0
    assert ended[-1] == "worker.stopped"


async def test_no_secret_is_readable_in_the_log_or_in_any_file_but_that_of_the_key(tmp_path: Path) -> None:
    hidden = {name: f"hush-{name}-{secrets.token_hex(8)}" for name in ("bearer", "password", "header", "bootstrap")}
    hidden["secret"] = f"whsec_{base64.b64encode(os.urandom(32)).decode()}"
    settings = {"bootstrap_api_key": hidden["bootstrap"], "log_level": "debug"}
    async with Receiver() as receiver:
        receiver.on("/down", answer(500))
        with Running(tmp_path / "data", **settings) as running:

            async def ask(operation: str) -> httpx.Response:
                return await asyncio.to_thread(running.ask, operation, hidden["bootstrap"])

            common = f'name: "Shop", eventTypes: ["*"], secret: "{hidden["secret"]}"'
            header = f'headers: [{{name: "x-token", value: "{hidden["header"]}", sensitive: true}}]'
            bearer = f'url: "{receiver.url("/up")}", authentication: {{bearer: "{hidden["bearer"]}"}}'
            login = f'{{username: "ada", password: "{hidden["password"]}"}}'
            basic = f'url: "{receiver.url("/down")}", authentication: {{basic: {login}}}'
            for how in (bearer, basic, f'{basic}, timeoutSeconds: "x"', f"{basic}, unknown: 1"):
                await ask(f"mutation {{ createWebhook(input: {{{common} {header} {how}}}) {{ webhook {{ id }} }} }}")
            made = await ask('mutation { createApiKey(input: {name: "CI", scopes: [READ]}) { key } }')
            token = await ask("mutation { createAccessToken(input: {scopes: [READ]}) { token } }")
            hidden |= made.json()["data"]["createApiKey"] | token.json()["data"]["createAccessToken"]
            for credential in (hidden["key"], hidden["token"], f"{hidden['key']}x"):
                await asyncio.to_thread(running.ask, VIEWER, credential)
            event = '{type: "ticket.created", data: {ticket: {id: "tkt_1"}}}'
            await ask(f"mutation {{ publishEvent(input: {event}) {{ deliveryCount }} }}")
            requests = await receiver.received(2)
            await asyncio.to_thread(running.stop)
        log = running.log

    kept = b"".join(path.read_bytes() for path in (tmp_path / "data").iterdir() if path.name != "encryption.key")
    seen = b"".join(f"{request.headers}".encode() for request in requests)
    assert {name for name in ("bearer", "header") if hidden[name].encode() not in seen} == set()
    assert log.count("delivery.attempted") == 2
    assert {name for name, value in hidden.items() if value in log or value.encode() in kept} == set()
    assert base64.b64decode(hidden["secret"].removeprefix("whsec_")) not in kept


async def test_what_a_killed_server_was_sending_goes_out_again_after_the_next_start(tmp_path: Path) -> None:
    dead = asyncio.Event()
    webhook = '{{name: "Shop", url: "{}", eventTypes: ["*"]}}'
    event = '{type: "ticket.created", data: {ticket: {id: "tkt_1"}}}'
    async with Receiver() as receiver:
        receiver.on("/", after(dead, answer(200)))
        with Running(tmp_path / "data", bootstrap_api_key=KEY) as first:
            make = f"mutation {{ createWebhook(input: {webhook.format(receiver.url())}) {{ webhook {{ id }} }} }}"
            publish = f"mutation {{ publishEvents(input: {{events: [{event}, {event}]}}) {{ deliveryCount }} }}"
            for operation in (make, publish):
                await asyncio.to_thread(first.ask, operation, KEY)
            before = await receiver.received(2)
            await asyncio.to_thread(first.stop, signal.SIGKILL)
        dead.set()

        with Running(tmp_path / "data") as second:
            again = (await receiver.received(4))[2:]
            await asyncio.to_thread(second.stop)
            with Running(tmp_path / "data") as third:
                found = await asyncio.to_thread(third.ask, "{ deliveries { nodes { status attemptCount } } }", KEY)

    assert {request.header("webhook-id") for request in again} == {request.header("webhook-id") for request in before}
    assert found.json()["data"]["deliveries"]["nodes"] == [{"status": "SUCCEEDED", "attemptCount": 1}] * 2


@pytest.mark.usefixtures("here")
def test_a_manifest_that_cannot_be_used_stops_the_start_before_a_key_is_made(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"typo": "{ vewer { scopes } }"}', encoding="utf-8")

    with pytest.raises(SettingsError, match='"typo" cannot run: Cannot query field'):
        serve(load_settings(port=0, data_dir=tmp_path, trusted_documents=manifest))

    with closing(sqlite3.connect(tmp_path / "eev-webhooks.db")) as database:
        assert database.execute("SELECT count(*) FROM api_key").fetchone() == (0,)
