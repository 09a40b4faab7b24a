"""The bench's receiver: what it answers, when, and what it records."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from bench import receiver
from bench.receiver import Receiving
from bench.wire import Pool


@pytest.fixture
async def pool(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pool]:
    """A client of a receiver that has received nothing yet and delays slow answers by 50 ms."""
    monkeypatch.setattr(receiver, "SLOW_SECONDS", 0.05)
    monkeypatch.setattr(Receiving, "receipts", [])
    monkeypatch.setattr(Receiving, "count", 0)
    server = await asyncio.get_running_loop().create_server(Receiving, "127.0.0.1", 0)
    made = Pool(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    yield made
    made.close()
    server.close()


def post(path: str, event_id: str = "evt_1") -> bytes:
    return f"POST {path} HTTP/1.1\r\nWebhook-Id: {event_id}\r\nContent-Length: 2\r\n\r\n{{}}".encode()


async def get(pool: Pool, path: str) -> Any:
    return orjson.loads(await pool.ask(f"GET {path} HTTP/1.1\r\n\r\n".encode()))


async def test_what_is_posted_is_remembered_with_its_arrival_until_it_is_asked_for(pool: Pool) -> None:
    before = time.monotonic_ns()
    assert await pool.ask(post("/hook/1", "evt_a")) == b"ok"

    [[event_id, at]] = await get(pool, "/receipts")

    assert event_id == "evt_a"
    assert before <= at <= time.monotonic_ns()
    assert await get(pool, "/receipts") == []
    assert await get(pool, "/count") == 1


async def test_what_a_baseline_posts_is_answered_and_does_not_count(pool: Pool) -> None:
    assert await pool.ask(post("/bare")) == b"ok"

    assert await get(pool, "/count") == 0
    assert await get(pool, "/receipts") == []


async def test_a_post_that_hangs_is_never_answered_and_holds_up_no_other(pool: Pool) -> None:
    hanging = asyncio.create_task(pool.ask(post("/hang/1")))

    began = time.monotonic()
    assert await pool.ask(post("/slow/1")) == b"ok"

    assert time.monotonic() - began >= 0.05
    assert not hanging.done()
    assert await get(pool, "/count") == 2
    hanging.cancel()
    await asyncio.wait([hanging])
