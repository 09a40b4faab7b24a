"""A server with an unwritable log publishes, delivers and sends updates like any other, and counts the lines it could
not log.
"""

import asyncio
import fcntl
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from app.web.serve import print_now
from tests.app.web.running import ROOT, Running
from tests.patience import PATIENCE_SECONDS
from tests.receiver import Receiver, answer, in_turn

KEY = "a-key-that-scripts-know"
FULL = Path("/dev/full")
EVENTS = 30
GREETING_PROGRAM = """
from app.logs import configure_logging
from app.settings import load_settings
from app.web.serve import print_now
configure_logging(load_settings())
"""
SETTINGS = {"bootstrap_api_key": KEY, "breaker_threshold": "1000"}
Errors = Callable[[], AbstractContextManager[int | None]]


@contextmanager
def full_disk() -> Iterator[int]:
    with FULL.open("wb", buffering=0) as full:
        yield full.fileno()


@contextmanager
def closed_pipe() -> Iterator[int]:
    reader, writer = os.pipe()
    os.close(reader)
    yield writer
    os.close(writer)


@contextmanager
def nothing() -> Iterator[None]:
    yield None


@contextmanager
def hanging_reader() -> Iterator[int]:
    reader, writer = os.pipe()
    os.write(writer, b"x" * fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ))
    yield writer
    os.close(writer)
    os.close(reader)


@contextmanager
def non_blocking_and_full() -> Iterator[int]:
    with hanging_reader() as writer:
        os.set_blocking(writer, False)
        yield writer


@pytest.mark.parametrize("errors", [full_disk, closed_pipe, nothing, hanging_reader, non_blocking_and_full])
async def test_everything_goes_out_although_nothing_can_be_logged(errors: Errors, tmp_path: Path) -> None:
    async with Receiver() as receiver:
        # Each first attempt fails, so that the next one depends on the sweep.
        receiver.on("/", in_turn(*[answer(500)] * EVENTS, answer(200)))
        with errors() as stderr, Running(tmp_path / "data", stderr, **SETTINGS) as running:
            await asyncio.to_thread(publish, running, receiver.url())
            requests = await receiver.received(2 * EVENTS)
            async with httpx.AsyncClient(base_url=running.url, timeout=PATIENCE_SECONDS) as http:
                ready = (await http.get("/health/ready")).json()
                metrics = (await http.get("/metrics")).text
            code = await asyncio.to_thread(running.stop)

    assert len({request.header("webhook-id") for request in requests}) == EVENTS
    assert (ready["status"], code) == ("ok", 0)
    dropped = re.search(r"^eev_webhooks_log_lines_dropped_total (\S+)$", metrics, re.MULTILINE)
    assert dropped is not None
    # Lines that wait for a reader are not dropped as long as there is room.
    assert float(dropped[1]) > 0 or errors in (hanging_reader, non_blocking_and_full)


@pytest.mark.parametrize("there", [True, False])
def test_a_greeting_that_cannot_be_written_does_not_stop_the_server(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FULL.open("w", encoding="utf-8", buffering=1) as full, capture_logs() as logs:
        monkeypatch.setattr("sys.stdout", full if there else None)
        print_now("The API is at http://127.0.0.1:8000/graphql\n")
        with suppress(OSError):  # Unwritten data is still in its buffer.
            full.close()

    assert [line["event"] for line in logs] == ["greeting.lost"]


def test_a_server_that_could_not_write_its_greeting_ends_well_all_the_same() -> None:
    program = f"{GREETING_PROGRAM}print_now('The API is at http://127.0.0.1:8000/graphql')"

    with FULL.open("wb") as full:
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
        ended = subprocess.run([sys.executable, "-c", program], env=environment, stdout=full, check=False)

    # The interpreter flushes stdout at its end, and exits with 120 if it cannot.
    assert ended.returncode == 0


def publish(running: Running, url: str) -> None:
    webhook = f'{{name: "Shop", url: "{url}", eventTypes: ["*"], retryPolicy: {{delaysSeconds: [1]}}}}'
    made = running.ask(f"mutation {{ createWebhook(input: {webhook}) {{ webhook {{ id }} }} }}", KEY)
    assert made.json()["data"]["createWebhook"]["webhook"], made.text
    event = '{type: "ticket.created", data: {ticket: {id: "tkt_1"}}}'
    events = ", ".join([event] * EVENTS)
    made = running.ask(f"mutation {{ publishEvents(input: {{events: [{events}]}}) {{ deliveryCount }} }}", KEY)
    assert made.status_code == 200, made.text
