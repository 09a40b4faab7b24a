"""A whole process, with every pair of database and broker."""

import asyncio
import json
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.clock import to_micros
from app.database.database import sqlite_file
from app.database.errors import SchemaOutdated
from app.delivery.lease import Lease
from app.settings import load_settings
from app.test_requests.ping import ping_webhook
from tasks.embedded import AlreadyRunning, sole_server
from tasks.process import open_process
from tests.patience import PATIENCE_SECONDS
from tests.receiver import after, answer
from tests.world import World, open_world

FAR_AHEAD = to_micros(datetime(2100, 1, 1, tzinfo=UTC))


async def test_an_event_goes_out_over_every_broker(database_url: str, broker_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, broker_url=broker_url, sweep_seconds=60) as world:
        await world.webhook()

        await world.publish()

        await world.receiver.received()
        await world.until_status("SUCCEEDED")


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_a_process_that_does_not_work_wakes_one_that_does(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    settings = load_settings(database_url=database_url, broker_url=redis_url, data_dir=tmp_path, sweep_seconds=60)
    async with (
        open_world(database_url, tmp_path, broker_url=redis_url, works=False) as api,
        open_process(settings, works=True),
    ):
        await api.webhook()

        await api.publish()

        await api.receiver.received()
        await api.until_status("SUCCEEDED")


async def test_with_the_broker_away_events_still_go_out_by_the_sweep(database_url: str, tmp_path: Path) -> None:
    nobody = "redis://127.0.0.1:9/0"
    async with open_world(database_url, tmp_path, broker_url=nobody, sweep_seconds=0.1) as world:
        await world.webhook()

        await world.publish(ordering_key="tkt_1")  # publishing never claims it, so there is a wake-up to lose
        await world.receiver.received()

        async with asyncio.timeout(PATIENCE_SECONDS):
            await world.resources.waker.drained()
        assert "does not answer" in (world.resources.waker.failing or "")


async def test_stopping_finishes_what_is_in_flight(database_url: str, tmp_path: Path) -> None:
    release = asyncio.Event()
    async with open_world(database_url, tmp_path, shutdown_seconds=10) as world:
        world.receiver.on("/", after(release, answer(200)))
        await world.webhook()
        await world.publish()
        await world.receiver.received()
        asyncio.get_running_loop().call_later(0.05, release.set)
        await world.resources.pipeline.stop(10)

        (delivery,) = await world.deliveries()

        assert delivery["status"] == "SUCCEEDED"


async def test_stopping_gives_back_what_does_not_finish_in_time(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path) as world:
        world.receiver.on("/", after(asyncio.Event(), answer(200)))
        await world.webhook()
        await world.publish()
        await world.receiver.received()

        await world.resources.pipeline.stop(0.05)
        (delivery,) = await world.deliveries()

        assert (delivery["status"], delivery["claimed_by"], delivery["attempt_count"]) == ("PENDING", None, 0)


async def test_a_stop_keeps_the_lease_for_as_long_as_something_is_in_flight(database_url: str, tmp_path: Path) -> None:
    release = asyncio.Event()
    quick = {"lease_seconds": 0.5, "heartbeat_seconds": 0.1, "sweep_seconds": 0.1, "shutdown_seconds": 20}
    settings = load_settings(database_url=database_url, data_dir=tmp_path, **quick)
    async with open_world(database_url, tmp_path, works=False) as world:
        world.receiver.on("/", after(release, answer(200)))
        await world.webhook()
        process = open_process(settings, works=True)
        lease = (await process.__aenter__()).lease
        await world.publish()
        await world.receiver.received()
        stopping = asyncio.create_task(process.__aexit__(None, None, None))

        began = await _lease_until(world, lease)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await _lease_until(world, lease) < began + 1_500_000:
                pass
        release.set()
        await stopping
        (delivery,) = await world.deliveries()

    assert delivery["status"] == "SUCCEEDED"
    assert len(world.receiver.requests) == 1


async def _lease_until(world: World, lease: Lease) -> int:
    [row] = await world.resources.database.fetch("SELECT lease_until FROM worker WHERE id = $1", lease.worker_id)
    return int(row["lease_until"])


async def test_a_database_without_tables_is_refused_with_the_command_to_run(
    empty_database_url: str, tmp_path: Path
) -> None:
    settings = load_settings(database_url=empty_database_url, data_dir=tmp_path)

    with pytest.raises(SchemaOutdated, match="Run `eev-webhooks migrate`"):
        async with open_process(settings, works=True):
            pass  # pragma: no cover


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_two_servers_on_one_sqlite_file_are_refused(database_url: str, tmp_path: Path) -> None:
    settings = load_settings(database_url=database_url, data_dir=tmp_path, shutdown_seconds=0)
    async with open_process(settings, works=True):
        with pytest.raises(AlreadyRunning, match="Another server works on"):
            async with open_process(settings, works=True):
                pass  # pragma: no cover


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("spelled", ["link", "link to the directory", "dots"])
async def test_two_servers_on_one_sqlite_file_are_refused_however_it_is_spelled(
    database_url: str, tmp_path: Path, spelled: str
) -> None:
    file, link = sqlite_file(database_url), tmp_path / "link"
    link.symlink_to(file.parent if spelled == "link to the directory" else file)
    other = {
        "link": link,
        "link to the directory": link / file.name,
        "dots": file.parent / ".." / file.parent.name / file.name,
    }[spelled]
    async with sole_server(database_url):
        with pytest.raises(AlreadyRunning, match="Another server works on"):
            async with sole_server(f"sqlite://{other}"):
                pass  # pragma: no cover


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_an_sqlite_file_with_two_names_is_refused(database_url: str, tmp_path: Path) -> None:
    (tmp_path / "other").hardlink_to(sqlite_file(database_url))

    for url in (database_url, f"sqlite://{tmp_path / 'other'}"):
        with pytest.raises(AlreadyRunning, match="has 2 names"):
            async with sole_server(url):
                pass  # pragma: no cover


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_server_starts_when_the_one_before_has_ended(database_url: str) -> None:
    before = sole_server(database_url)
    await before.__aenter__()
    after = sole_server(database_url, PATIENCE_SECONDS)
    with capture_logs() as logs:
        starting = asyncio.create_task(after.__aenter__())
        while not logs:  # noqa: ASYNC110 - nothing announces that it waits
            await asyncio.sleep(0)
        assert not starting.done()

        await before.__aexit__(None, None, None)
        await starting
    await after.__aexit__(None, None, None)

    assert [line["event"] for line in logs] == ["server.waiting"]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_a_start_after_a_kill_does_not_wait_for_the_dead_process_on_sqlite(
    database_url: str, tmp_path: Path
) -> None:
    settings = load_settings(database_url=database_url, data_dir=tmp_path, sweep_seconds=60)
    async with open_world(database_url, tmp_path, works=False) as world:
        await world.webhook()
        await world.publish()
        database = world.resources.database
        await database.execute(
            "INSERT INTO worker (id, host, pid, started_at, lease_until) VALUES ('wrk_dead', 'h', 1, 0, $1)", FAR_AHEAD
        )
        await database.execute("UPDATE delivery SET claimed_by = 'wrk_dead'")

        async with open_process(settings, works=True):
            await world.receiver.received()


async def test_nothing_on_the_way_of_an_event_blocks_the_event_loop(
    database_url: str, broker_url: str, tmp_path: Path
) -> None:
    loop_thread, blocking = threading.get_ident(), list[str]()
    blocks = {"time.sleep", "socket.getaddrinfo", "open", "sqlite3.connect", "subprocess.Popen"}

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in blocks and threading.get_ident() == loop_thread:
            blocking.append(f"{event} {arguments[:1]}")

    async with open_world(database_url, tmp_path, broker_url=broker_url) as world:
        webhook = await world.webhook()
        await world.publish()  # new connections read the version of their client library first
        await world.until_status("SUCCEEDED")
        sys.addaudithook(watch)  # Python cannot remove it; it costs a comparison per event

        await world.publish()
        await world.until_status("SUCCEEDED", "SUCCEEDED")
        await ping_webhook(world.resources, world.resources.pipeline, world.caller, webhook.id, None)
        seen = blocking.copy()

    assert seen == []


FEW_FILES = """
import resource, sys
import structlog
from tasks.process import _may_open

lines = structlog.PrintLoggerFactory(sys.stdout)
structlog.configure(processors=[structlog.processors.JSONRenderer()], logger_factory=lines)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, int(sys.argv[1])))
_may_open(1_000)
"""


@pytest.mark.parametrize(("hard_limit", "warns"), [(1_499, True), (1_500, False)])
def test_a_process_that_may_open_too_few_files_for_its_requests_says_so(hard_limit: int, warns: bool) -> None:
    program = [sys.executable, "-c", FEW_FILES, str(hard_limit)]
    logged = subprocess.run(program, check=True, capture_output=True, text=True).stdout

    assert bool(logged) == warns
    if warns:
        line = json.loads(logged)
        assert (line["event"], line["limit"], line["needed"]) == ("process.few_files", 1_499, 1_500)
        assert "MAX_IN_FLIGHT" in line["hint"]
