"""The servers under the tests are real, and die and return as real ones do."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from tests.patience import PATIENCE_SECONDS
from tests.programs import Account, ProgramMissing, find_postgres, find_redis, reachable
from tests.server import ServerFailed, free_port
from tests.services import Postgres, Redis

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module", params=["machine", "wheels"])
def own_postgres(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    """A PostgreSQL that may be killed; with "machine" the machine's own, if it has one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEST_SERVICES", request.param)
        server = Postgres()
    with server:
        yield server


@pytest.fixture(params=["machine", "wheels"])
def own_redis(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Redis]:
    """A Redis that may be killed, and that keeps its data."""
    monkeypatch.setenv("TEST_SERVICES", request.param)
    with Redis(persistent=True) as server:
        yield server


WAITING_TEST = """
import threading

def test_that_waits_with_a_server(postgres_server):
    print(f"server {postgres_server.pid}", flush=True)
    threading.Event().wait()
"""


async def query(server: Postgres, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def cut_off(server: Postgres, statement: str) -> bool:
    """Run a statement and return whether the server closed the connection meanwhile."""
    try:
        await query(server, statement)
    except (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
        return True
    return False


async def running(server: Postgres, pattern: str) -> None:
    """Return once a statement that looks like the pattern runs."""
    while not await query(server, f"SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '{pattern}'"):
        pass


async def test_a_real_postgresql_answers(postgres_server: Postgres) -> None:
    [row] = await query(postgres_server, "SELECT version() AS version, current_setting('server_encoding') AS encoding")

    assert row["version"].startswith("PostgreSQL ")
    assert row["encoding"] == "UTF8"


async def test_postgresql_orders_text_by_bytes(postgres_server: Postgres) -> None:
    rows = await query(postgres_server, "SELECT name FROM (VALUES ('b'), ('a'), ('B')) AS t (name) ORDER BY name")

    assert [row["name"] for row in rows] == ["B", "a", "b"]


def test_a_real_redis_answers(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        entry = client.xadd("stream", {"field": "value"})

        assert client.xrange("stream") == [(entry, {b"field": b"value"})]


@pytest.mark.parametrize("end", [Postgres.kill, Postgres.abort, Postgres.stop])
async def test_postgresql_keeps_what_was_committed_however_it_ends(own_postgres: Postgres, end: object) -> None:
    assert callable(end)
    await query(own_postgres, "CREATE TABLE IF NOT EXISTS kept (value INTEGER)")
    await query(own_postgres, "INSERT INTO kept VALUES (1)")
    [before] = await query(own_postgres, "SELECT count(*) FROM kept")

    end(own_postgres)
    own_postgres.start()

    assert await query(own_postgres, "SELECT count(*) FROM kept") == [before]


async def test_a_killed_postgresql_comes_back_although_it_was_busy(own_postgres: Postgres) -> None:
    async with asyncio.TaskGroup() as clients:
        busy = clients.create_task(cut_off(own_postgres, "SELECT count(*) FROM generate_series(1, 1e10)"))
        await running(own_postgres, "SELECT count(*) FROM generate_series%")

        own_postgres.kill()
        own_postgres.start()

    assert busy.result()
    assert await query(own_postgres, "SELECT 1") != []


def test_a_persistent_redis_keeps_its_data_when_killed(own_redis: Redis) -> None:
    with redis.Redis.from_url(own_redis.url) as client:
        client.set("key", "value")

    own_redis.kill()
    own_redis.start()

    with redis.Redis.from_url(own_redis.url) as client:
        assert client.get("key") == b"value"


def test_another_redis_forgets_when_it_restarts() -> None:
    with Redis() as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("key", "value")

        server.restart()

        with redis.Redis.from_url(server.url) as client:
            assert client.get("key") is None


def test_redis_databases_are_empty_and_apart(redis_server: Redis) -> None:
    first, second = redis_server.fresh_database_url(), redis_server.fresh_database_url()

    with redis.Redis.from_url(first) as client:
        client.set("key", "value")

    with redis.Redis.from_url(second) as client:
        assert client.dbsize() == 0


def test_a_redis_database_that_is_given_out_again_has_been_emptied(redis_server: Redis) -> None:
    used = redis_server.fresh_database_url()
    with redis.Redis.from_url(used) as client:
        client.set("key", "value")

    while redis_server.fresh_database_url() != used:
        pass

    with redis.Redis.from_url(used) as client:
        assert client.dbsize() == 0


def test_a_server_that_cannot_start_says_why() -> None:
    server = Redis()

    with socket.create_server(("127.0.0.1", server.port)), pytest.raises(ServerFailed, match=r"Redis did not start"):
        server.start()

    assert "Address already in use" in server.output
    server.close()


def test_a_server_that_runs_does_not_start_twice(redis_server: Redis) -> None:
    with pytest.raises(ServerFailed, match=r"runs already; stop it first"):
        redis_server.start()


def test_a_server_that_does_not_run_has_no_process() -> None:
    server = Redis()

    with pytest.raises(ServerFailed, match=r"is not running; start it first"):
        server.kill()

    server.close()


def test_a_closed_server_leaves_nothing_behind() -> None:
    server = Redis(persistent=True)
    with server:
        process = psutil.Process(server.pid)
        directory = Path(process.cwd())

    assert not process.is_running()
    assert not directory.exists()


@pytest.mark.parametrize("interruption", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_session_stops_its_servers(interruption: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "test_waiting.py").write_text(WAITING_TEST)
    options = ["--capture=no", f"--config-file={ROOT}/pyproject.toml", f"--rootdir={tmp_path}", "-p", "tests.conftest"]

    with subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        line = next(line for line in session.stdout if "server " in line)
        server = psutil.Process(int(line.rpartition("server ")[2]))
        session.send_signal(interruption)
        try:
            session.communicate(timeout=PATIENCE_SECONDS)
        finally:
            session.kill()

    assert session.returncode == pytest.ExitCode.INTERRUPTED
    assert not server.is_running()


def test_a_free_port_is_not_one_that_the_system_gives_to_connections() -> None:
    port = free_port()

    assert port < 32_768
    with socket.create_server(("127.0.0.1", port)) as listening:
        assert listening.getsockname()[1] == port


def test_missing_programs_are_named_with_what_installs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SERVICES", "wheels")
    monkeypatch.setattr("tests.programs.find_spec", lambda package: None)

    with pytest.raises(ProgramMissing, match=r"no PostgreSQL.*`make setup`"):
        find_postgres()
    with pytest.raises(ProgramMissing, match=r"no Redis.*`make setup`"):
        find_redis()


def test_programs_out_of_another_account_s_reach_are_copied(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    programs = closed / "package" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch(mode=0o755)
    (closed / "package.libs").mkdir()
    (closed / "package.libs" / "libpq.so").touch()
    closed.chmod(0o700)
    store = tmp_path / "store"

    copied = reachable(programs, Account(uid=65534, gid=65534), store)

    assert copied == store / "package" / "pginstall" / "bin"
    assert os.access(copied / "postgres", os.X_OK)
    assert (store / "package.libs" / "libpq.so").is_file()


def test_programs_within_reach_are_used_where_they_are(tmp_path: Path) -> None:
    assert reachable(tmp_path / "bin", None, tmp_path / "store") == tmp_path / "bin"
