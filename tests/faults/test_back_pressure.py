"""The database or the broker is away, or slow: publishers learn of it in time, nothing is done by halves, and memory is
bounded.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio

from app.publishing.publish import MAX_BYTES_WAITING
from tests.faults.client import Failed
from tests.faults.installation import Installation, distributed
from tests.faults.journal import Pair
from tests.faults.programs import until
from tests.faults.receiver import QUICK
from tests.faults.rounds import Site, open_site
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Less than a client waits, and less than any outage lasts.
PROMPT_SECONDS = 20.0
MEBIBYTE = 1024 * 1024
# Of about a megabyte each, so that about half of them may wait.
BIG_REQUESTS = 64
MAY_WAIT = MAX_BYTES_WAITING // 1_000_000

_PUBLISH = """
mutation($input: PublishEventInput!) {
  publishEvent(input: $input) { event { id } duplicate userErrors { message } }
}
"""
_PUBLISH_MANY = """
mutation($input: PublishEventsInput!) { publishEvents(input: $input) { events { id } userErrors { message } } }
"""
_CREATE_TYPE = """
mutation($input: CreateEventTypeInput!) { createEventType(input: $input) { userErrors { message } } }
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("back-pressure")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(directory: Path) -> AsyncIterator[Site]:
    """A server and a worker, their database and their broker: each test leaves them unchanged."""
    async with distributed(directory, each=1) as at, open_site(at, random.Random(1), followers=0) as opened:
        yield opened


async def publish(site: Site, key: str) -> dict[str, Any]:
    """Publish one event, asking once."""
    given = {"type": "agent.response", "data": site.load.examples["agent.response"], "idempotencyKey": key}
    payload: dict[str, Any] = (await site.load.client.ask(_PUBLISH, input=given))["publishEvent"]
    assert not payload["userErrors"], payload["userErrors"]
    return payload


async def arrives(site: Site, event_id: str) -> float:
    """Wait until an event reaches its webhook; return how long that took."""

    async def arrived() -> bool:
        return Pair(event_id, QUICK) in site.at.journal.arrived(0)

    return await until("the event arrived", arrived, PATIENCE_SECONDS)


async def health(at: Installation, program: int = 0) -> tuple[int, dict[str, Any]]:
    """The health report of a program: the server, or with 1 the worker."""
    async with at.http.get(f"{at.health[at.programs[program]]}/health/ready") as response:
        return response.status, await response.json()


async def says(at: Installation, status: str, *programs: int) -> None:
    """Wait until the server (0) and the worker (1) report this status; they check once per second."""

    async def all_do() -> bool:
        return all([(await health(at, program))[1]["status"] == status for program in programs])

    await until(f"the programs said {status}", all_do, PATIENCE_SECONDS)


@contextmanager
def stopped(pid: int) -> Any:
    """Freeze a process while the block runs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def locked(url: str, table: str) -> AsyncIterator[None]:
    """Make all others wait for a table."""
    connection = await asyncpg.connect(url.replace("postgres://", "postgresql://", 1))
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def test_without_the_database_a_publish_fails_at_once_and_can_be_repeated_safely(site: Site) -> None:
    postgres = site.at.postgres
    assert postgres is not None
    postgres.abort()
    try:
        began = time.monotonic()
        with pytest.raises(Failed) as refused:
            await publish(site, "while-away")
        took = time.monotonic() - began
        await says(site.at, "unavailable", 0)
        status, report = await health(site.at)
    finally:
        postgres.start()
    await site.at.well(site.at.programs, PATIENCE_SECONDS)
    first, second = await publish(site, "while-away"), await publish(site, "while-away")
    rows = await site.at.truth.rows("SELECT id FROM event WHERE idempotency_key = 'while-away'")

    assert (refused.value.code, refused.value.retryable) == ("UNAVAILABLE", True)
    assert took < PROMPT_SECONDS
    assert (status, report["status"]) == (503, "unavailable")
    assert report["checks"]["database"]["reason"] == "The database does not answer."
    assert [row["id"] for row in rows] == [first["event"]["id"]] == [second["event"]["id"]]
    assert second["duplicate"]
    await arrives(site, first["event"]["id"])


async def test_while_the_database_is_slow_a_bounded_number_of_publishes_waits(site: Site) -> None:
    assert site.at.postgres is not None
    client = site.load.client
    await client.ask(_CREATE_TYPE, input={"name": "load.big", "description": "Much at once"})
    events = [{"type": "load.big", "data": {"text": "x" * 250_000}}] * 4
    server = psutil.Process(site.at.servers[0].family[0].pid)
    before = server.memory_info().rss
    async with locked(site.at.postgres.url, "event"):
        asked = [asyncio.create_task(client.ask(_PUBLISH_MANY, input={"events": events})) for _ in range(BIG_REQUESTS)]

        async def the_rest_is_refused() -> bool:
            return sum(task.done() for task in asked) >= BIG_REQUESTS - MAY_WAIT

        refused_after = await until("what may not wait was refused", the_rest_is_refused, PATIENCE_SECONDS)
        grown = server.memory_info().rss - before
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    accepted = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    [row] = await site.at.truth.rows("SELECT count(*) AS events FROM event WHERE type = 'load.big'")

    assert refused_after < PROMPT_SECONDS
    assert {(error.code, error.retryable) for error in refused} == {("UNAVAILABLE", True)}
    assert len(accepted) + len(refused) == BIG_REQUESTS
    assert len(accepted) == MAY_WAIT
    assert row["events"] == 4 * len(accepted)  # Each is completely there or not at all.
    assert grown < 400 * MEBIBYTE


async def test_without_the_broker_events_are_taken_in_and_go_out_by_the_sweep(site: Site) -> None:
    redis = site.at.redis
    assert redis is not None
    redis.kill()
    try:
        began = time.monotonic()
        published = await publish(site, "without-broker")
        took = time.monotonic() - began
        out_after = await arrives(site, published["event"]["id"])
        await says(site.at, "degraded", 0, 1)
        status, report = await health(site.at)
    finally:
        redis.start()

    assert took < PROMPT_SECONDS
    assert out_after < PROMPT_SECONDS
    assert status == 200
    assert "The broker does not answer" in report["checks"]["broker"]["reason"]
    assert "Live updates do not get through" in report["checks"]["updates"]["reason"]
    await publish(site, "with-broker-again")  # The broker is only used when there is something to send.
    await says(site.at, "ok", 0, 1)


async def test_a_broker_that_hangs_holds_nobody_up(site: Site) -> None:
    assert site.at.redis is not None
    with stopped(site.at.redis.pid):
        began = time.monotonic()
        published = [await publish(site, f"broker-hangs-{number}") for number in range(20)]
        took = time.monotonic() - began
        out_after = await arrives(site, published[-1]["event"]["id"])
        await says(site.at, "degraded", 0, 1)
    await publish(site, "broker-goes-on")
    await says(site.at, "ok", 0, 1)

    assert took < PROMPT_SECONDS
    assert out_after < PROMPT_SECONDS
