"""Features of the bus over Redis: many processes, one truth, and its cost."""

import asyncio
from contextlib import AsyncExitStack

import pytest
import redis

from app.redis_connection import backoff_seconds, connect
from app.updates import Batch, Topic, Updates, open_updates
from app.updates.redis_streams import RedisStreams
from app.updates.redis_streams.commands import BELL_LENGTH, Commands
from app.updates.redis_streams.entries import BELL, stream_key
from app.updates.redis_streams.outbox import Parcel
from tests.app.updates.follower import Follower, an_update, numbers, some_updates
from tests.services import Redis

STREAM = stream_key((Topic.DELIVERIES, "ws_a"))


async def test_two_servers_see_the_same_updates_under_the_same_cursors(redis_url: str) -> None:
    async with (
        RedisStreams(redis_url) as one,
        RedisStreams(redis_url) as other,
        Follower(one) as of_one,
        Follower(other) as of_other,
    ):
        for number in range(1, 101):
            (one if number % 3 else other).announce(Topic.DELIVERIES, [an_update(number)])
        seen_by_one = [pair for batch in await _first(100, of_one) for pair in batch.updates]
        seen_by_other = [pair for batch in await _first(100, of_other) for pair in batch.updates]

    assert seen_by_one == seen_by_other
    assert sorted(update.at for _, update in seen_by_one) == [an_update(number).at for number in range(1, 101)]


async def test_a_cursor_goes_on_at_another_server_and_after_a_restart(redis_url: str) -> None:
    async with RedisStreams(redis_url) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, some_updates([1, 2, 3]))
        batches = await follower.until(3)
    cursor = batches[0].updates[0][0]

    async with RedisStreams(redis_url) as another, Follower(another, after=cursor) as resumed:
        assert numbers([resumed.first]) == [2, 3]
        assert not resumed.first.gap


async def test_a_slow_follower_reads_on_from_redis_what_its_process_no_longer_holds(redis_url: str) -> None:
    async with RedisStreams(redis_url, window=20) as bus, Follower(bus) as slow, Follower(bus) as witness:
        for first in range(1, 2_001, 50):
            bus.announce(Topic.DELIVERIES, some_updates(range(first, first + 50)))
            await witness.until(first + 49)

        batches = await slow.until(2_000)

    assert numbers(batches) == list(range(1, 2_001))
    assert not any(batch.gap for batch in batches)


async def test_an_old_cursor_reads_up_to_what_is_announced_meanwhile(redis_url: str) -> None:
    async with RedisStreams(redis_url, window=20) as bus:
        async with Follower(bus) as witness:
            cursor = witness.first.cursor
            bus.announce(Topic.DELIVERIES, some_updates(range(1, 3_001)))
            await witness.until(3_000)
        async with Follower(bus, after=cursor) as resumed:
            batches = [resumed.first]
            for number in range(3_001, 3_031):
                bus.announce(Topic.DELIVERIES, [an_update(number)])
                batches.append(await resumed.next())
            batches += [] if 3_030 in numbers(batches[-1:]) else await resumed.until(3_030)

    assert numbers(batches) == list(range(1, 3_031))
    assert not any(batch.gap for batch in batches)


async def test_one_announcement_is_one_entry_for_each_workspace(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url) as bus, Follower(bus, "ws_a") as a, Follower(bus, "ws_b") as b:
        before = client.xlen(STREAM)
        bus.announce(Topic.DELIVERIES, some_updates(range(1, 51), "ws_a") + some_updates(range(1, 51), "ws_b"))
        await a.until(50)
        await b.until(50)

        assert client.xlen(STREAM) - before == 1
        assert client.xlen(BELL) == 1


async def test_what_piles_up_during_a_write_goes_into_the_next(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url) as bus, Follower(bus) as follower:
        for number in range(1, 501):
            bus.announce(Topic.DELIVERIES, [an_update(number)])
            if number % 50 == 0:
                await asyncio.sleep(0)  # lets the writer start
        await follower.until(500)

        assert client.xlen(STREAM) <= 10


async def test_a_stream_in_redis_is_bounded(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url, kept=100) as bus, Follower(bus) as follower:
        for first in range(1, 5_001, 50):
            bus.announce(Topic.DELIVERIES, some_updates(range(first, first + 50)))
            await follower.until(first + 49)

        assert client.xlen(STREAM) * 50 <= 300


async def test_what_nobody_follows_is_not_written(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url) as bus:
        bus.announce(Topic.DELIVERIES, some_updates(range(100)))

    assert client.keys() == []


async def test_a_follower_of_another_process_misses_nothing_announced_after_it_began(redis_url: str) -> None:
    async with RedisStreams(redis_url) as announcing, RedisStreams(redis_url) as other:
        announcing.announce(Topic.DELIVERIES, [an_update(0)])
        await asyncio.sleep(0)  # the announcing process may ask who follows before the follower begins
        async with Follower(other) as follower:
            announcing.announce(Topic.DELIVERIES, [an_update(1)])
            batches = await follower.until(1)
            announcing.announce(Topic.DELIVERIES, some_updates([2, 3]))
            batches += await follower.until(3)

    assert [number for number in numbers(batches) if number] == [1, 2, 3]
    assert not any(batch.gap for batch in [follower.first, *batches])


async def test_a_cursor_from_before_nobody_followed_for_long_is_a_gap(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1)])
        (batch,) = await follower.until(1)
    client.delete(STREAM)  # as when its life ends
    async with RedisStreams(server.url) as unfollowed:
        unfollowed.announce(Topic.DELIVERIES, [an_update(2)])

    async with RedisStreams(server.url) as another, Follower(another, after=batch.cursor) as resumed:
        assert resumed.first.gap


async def test_writing_does_not_keep_a_stream_alive(server: Redis, client: "redis.Redis") -> None:
    async with connect(server.url, 5.0) as connection:
        commands = Commands(connection, kept=100, life_ms=900_000)
        await commands.survey([(Topic.DELIVERIES, "ws_a")])
        client.pexpire(STREAM, 60_000)

        await commands.append([Parcel((Topic.DELIVERIES, "ws_a"), (an_update(1),), lost=False)])

    assert client.pttl(STREAM) <= 60_000


async def test_what_is_written_expires(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url, life_seconds=900) as bus, Follower(bus):
        bus.announce(Topic.DELIVERIES, [an_update(1)])

    assert 0 < client.pttl(STREAM) <= 900_000
    assert 0 < client.pttl(BELL) <= 900_000


async def test_the_bell_is_bounded(server: Redis, client: "redis.Redis") -> None:
    async with connect(server.url, 5.0) as connection:
        commands = Commands(connection, kept=100, life_ms=900_000)
        for number in range(BELL_LENGTH + 500):
            await commands.append([Parcel((Topic.DELIVERIES, "ws_a"), (an_update(number),), lost=False)])

    # Trimmed by whole nodes of a hundred.
    assert client.xlen(BELL) <= BELL_LENGTH + 100


async def test_a_survey_keeps_a_followed_stream_alive(server: Redis, client: "redis.Redis") -> None:
    async with connect(server.url, 5.0) as connection:
        commands = Commands(connection, kept=100, life_ms=900_000)
        _, before = await commands.survey([(Topic.DELIVERIES, "ws_a")])
        client.pexpire(STREAM, 60_000)

        _, after = await commands.survey([(Topic.DELIVERIES, "ws_a")])

    assert client.pttl(STREAM) > 60_000
    assert before == after


async def test_one_ring_is_enough_however_much_was_written(server: Redis) -> None:
    parcels = [Parcel((Topic.DELIVERIES, "ws_a"), (an_update(number),), lost=False) for number in range(1, 501)]
    async with (
        connect(server.url, 5.0) as connection,
        RedisStreams(server.url, survey_seconds=600) as bus,
        Follower(bus) as follower,
    ):
        await Commands(connection, kept=1_000, life_ms=900_000).append(parcels)

        assert numbers(await follower.until(500)) == list(range(1, 501))


async def test_a_thousand_idle_followers_cost_others_nothing(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url, survey_seconds=600) as bus, AsyncExitStack() as idle, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(0)])
        await follower.until(0)
        alone = await _bytes_sent(client, bus, follower, range(1, 51))
        for number in range(1_000):
            await idle.enter_async_context(Follower(bus, f"ws_{number}"))

        among_others = await _bytes_sent(client, bus, follower, range(51, 101))

        assert bus.followers == 1_001
        assert among_others < 1.5 * alone


async def test_a_process_that_nobody_follows_through_reads_nothing(server: Redis, client: "redis.Redis") -> None:
    async with RedisStreams(server.url) as announcing, RedisStreams(server.url) as other, Follower(other) as follower:
        for number in range(1, 11):
            announcing.announce(Topic.DELIVERIES, [an_update(number)])
            await follower.until(number)
        clients = [entry["cmd"] for entry in client.client_list() if entry["cmd"] != "client"]

    # The last command of each connection: only the connection that reads for followers waits at the bell.
    assert clients.count("xread") == 1


async def test_the_bus_follows_from_the_url(redis_url: str) -> None:
    async with open_updates(redis_url, kept=100) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1)])

        assert numbers(await follower.until(1)) == [1]


@pytest.mark.parametrize("url", ["amqp://localhost", "localhost:6379", ""])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"Live updates go over memory://, redis://"):
        open_updates(url, kept=100)


def test_waiting_grows_from_little_to_bounded() -> None:
    waits = [backoff_seconds(failures) for failures in range(2_000)]

    assert waits == sorted(waits)
    assert waits[0] <= 0.1
    assert waits[-1] <= 5


async def _first(count: int, follower: Follower) -> list[Batch]:
    batches: list[Batch] = []
    while len(numbers(batches)) < count:
        batches.append(await follower.next())
    return batches


async def _bytes_sent(client: "redis.Redis", bus: Updates, follower: Follower, announced: range) -> int:
    before: int = client.info("stats")["total_net_input_bytes"]
    for number in announced:
        bus.announce(Topic.DELIVERIES, [an_update(number)])
        await follower.until(number)
    after: int = client.info("stats")["total_net_input_bytes"]
    return after - before
