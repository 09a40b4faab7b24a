"""Processes that count a key's requests together over a real Redis, and continue on their own without it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import redis

from app.errors import RateLimited
from app.rates.bucket import Limit
from app.rates.limiter import Limiter
from app.rates.shared_counts import PREFIX, SharedCounts
from tests.app.rates.test_limiter import granted
from tests.app.updates.redis_streams.proxy import Proxy
from tests.clock import FakeClock
from tests.patience import PATIENCE_SECONDS
from tests.services import Redis

# So slow that no token is added while a test runs.
LIMIT = Limit(per_second=1, burst=1_000)


@asynccontextmanager
async def process(url: str, clock: FakeClock) -> AsyncIterator[Limiter]:
    """The limiter of one process."""
    async with SharedCounts(url, LIMIT) as shared:
        yield Limiter(LIMIT, clock, shared)


async def until_level(client: "redis.Redis", most: float, key_id: str = "key_a") -> None:
    """Wait until no more than this is left in a key's bucket."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while float(client.hget(PREFIX + key_id, "level") or LIMIT.burst) > most:  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def granted_before_it_hears(limiter: Limiter, key_id: str = "key_a") -> int:
    """How many requests, one per millisecond, pass until one is refused."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        passed = 0
        while granted(limiter, key_id, 1):
            passed += 1
            await asyncio.sleep(0.001)
        return passed


async def test_what_a_key_spent_in_one_process_is_gone_in_the_others(
    server: Redis, client: "redis.Redis", clock: FakeClock
) -> None:
    async with process(server.url, clock) as one, process(server.url, clock) as other:
        granted(one, "key_a", 1_000)
        await until_level(client, 1)

        assert await granted_before_it_hears(other) < 500
        assert granted(other, "key_b", 1_100) == 1_000


async def test_small_amounts_are_reported_too_after_a_while(
    server: Redis, client: "redis.Redis", clock: FakeClock
) -> None:
    async with process(server.url, clock) as one:
        granted(one, "key_a", 3)

        await until_level(client, 998)


async def test_what_was_let_through_too_much_is_waited_off(
    server: Redis, client: "redis.Redis", clock: FakeClock
) -> None:
    async with process(server.url, clock) as one, process(server.url, clock) as other:
        granted(one, "key_a", 1_000)
        granted(other, "key_a", 900)
        await until_level(client, -800)
        await granted_before_it_hears(other)

        with pytest.raises(RateLimited) as refused:
            other.take("key_a")

    assert refused.value.retry_after_seconds > 700


async def test_no_debt_is_larger_than_a_burst(server: Redis, client: "redis.Redis", clock: FakeClock) -> None:
    async with (
        process(server.url, clock) as one,
        process(server.url, clock) as two,
        process(server.url, clock) as three,
    ):
        for limiter in (one, two, three):
            granted(limiter, "key_a", 1_000)
        await until_level(client, -1_000)
        await granted_before_it_hears(three)

    assert float(client.hget(PREFIX + "key_a", "level") or 0) == pytest.approx(-1_000, abs=1)


async def test_the_bucket_of_a_key_that_rests_is_forgotten(
    server: Redis, client: "redis.Redis", clock: FakeClock
) -> None:
    async with process(server.url, clock) as one:
        granted(one, "key_a", 100)
        await until_level(client, 900)

    # Not before even the deepest debt is paid off.
    assert 2 * 1_000 < client.ttl(PREFIX + "key_a") <= 2 * 1_000 + 1


async def test_without_redis_each_process_goes_on_by_itself_and_later_they_count_together_again(
    client: "redis.Redis", proxy: Proxy, clock: FakeClock
) -> None:
    async with process(proxy.url, clock) as one, process(proxy.url, clock) as other:
        proxy.cut()
        assert granted(one, "key_a", 1_100) == granted(other, "key_a", 1_100) == 1_000
        await proxy.refusals(2)

        proxy.restore()
        granted(one, "key_b", 1_000)
        await until_level(client, 1, "key_b")

        assert await granted_before_it_hears(other, "key_b") < 800


async def test_a_redis_that_hangs_holds_up_neither_requests_nor_the_end(proxy: Proxy, clock: FakeClock) -> None:
    proxy.stall()

    async with asyncio.timeout(PATIENCE_SECONDS):
        async with process(proxy.url, clock) as one:
            assert granted(one, "key_a", 1_100) == 1_000
            await asyncio.sleep(0)


async def test_requests_and_their_cost_are_counted_apart_and_each_together(
    server: Redis, client: "redis.Redis", clock: FakeClock
) -> None:
    async with process(server.url, clock) as requests, SharedCounts(server.url, LIMIT, "cost:") as shared:
        cost = Limiter(LIMIT, clock, shared)
        cost.take("key_a", 700)
        granted(requests, "key_a", 100)
        await until_level(client, 900)
        await until_level(client, 301, "cost:key_a")

    assert float(client.hget(PREFIX + "key_a", "level") or 0) > 800
