"""Redis stops, loses data, falls back or hangs: followers continue, and learn what they may have missed."""

import asyncio
from contextlib import AsyncExitStack

import pytest
import redis

import app.updates.redis_streams
from app.clock import Micros
from app.updates import Topic, Update
from app.updates.redis_streams import RedisStreams
from app.updates.redis_streams.entries import BELL, stream_key
from tests.app.updates.follower import Follower, an_update, numbers, some_updates
from tests.app.updates.redis_streams.proxy import Proxy
from tests.patience import PATIENCE_SECONDS
from tests.services import Redis

STREAM = stream_key((Topic.DELIVERIES, "ws_a"))


async def test_followers_go_on_after_redis_was_killed_and_started_again(server: Redis) -> None:
    async with RedisStreams(server.url) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1)])
        await follower.until(1)

        server.kill()
        bus.announce(Topic.DELIVERIES, [an_update(2)])
        server.start()
        batches = await follower.until(2)
        bus.announce(Topic.DELIVERIES, [an_update(3)])
        later = await follower.until(3)

    assert batches[0].gap
    assert numbers(batches) == [2]
    assert (numbers(later), later[0].gap) == ([3], False)


async def test_what_is_announced_during_an_outage_arrives_after_it(server: Redis, proxy: Proxy) -> None:
    async with RedisStreams(proxy.url) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1)])
        await follower.until(1)

        proxy.cut()
        bus.announce(Topic.DELIVERIES, some_updates(range(2, 1_502)))
        await proxy.refusals(2)
        bus.announce(Topic.DELIVERIES, [an_update(1_502)])
        proxy.restore()
        batches = await follower.until(1_502)

    # Chance decides which of the two tries finds the connection broken; duplicates arrive in order.
    assert list(dict.fromkeys(numbers(batches))) == list(range(2, 1_503))
    assert not any(batch.gap for batch in batches)


async def test_dropped_updates_are_reported_only_to_their_followers(proxy: Proxy) -> None:
    async with (
        RedisStreams(proxy.url, waiting=100) as bus,
        Follower(bus, "ws_a") as robbed,
        Follower(bus, "ws_b") as spared,
    ):
        proxy.cut()
        await proxy.refusals(2)
        bus.announce(Topic.DELIVERIES, some_updates(range(1, 50), "ws_b"))
        bus.announce(Topic.DELIVERIES, some_updates(range(1, 90), "ws_a"))
        bus.announce(Topic.DELIVERIES, some_updates([90], "ws_a"))
        proxy.restore()
        of_robbed, of_spared = await robbed.until(90), await spared.until(49)

    assert numbers(of_spared) == list(range(1, 50))
    assert not any(batch.gap for batch in of_spared)
    assert numbers(of_robbed) == [90]
    assert of_robbed[0].gap


async def test_a_loss_is_reported_without_a_further_update(proxy: Proxy) -> None:
    async with RedisStreams(proxy.url, waiting=10) as bus, Follower(bus) as follower:
        proxy.cut()
        await proxy.refusals(2)
        bus.announce(Topic.DELIVERIES, some_updates(range(100)))
        proxy.restore()

        assert (await follower.until_gap())[-1].updates == ()


async def test_a_cursor_from_before_a_loss_is_a_gap(proxy: Proxy) -> None:
    async with RedisStreams(proxy.url, waiting=10) as bus:
        async with Follower(bus) as follower:
            bus.announce(Topic.DELIVERIES, [an_update(1)])
            (batch,) = await follower.until(1)
            proxy.cut()
            await proxy.refusals(2)
            bus.announce(Topic.DELIVERIES, some_updates(range(2, 100)))
            proxy.restore()
            await follower.until_gap()

        async with Follower(bus, after=batch.cursor) as resumed:
            assert resumed.first.gap


async def test_a_flushed_redis_is_noticed_even_if_nothing_is_announced(client: "redis.Redis", server: Redis) -> None:
    async with RedisStreams(server.url, survey_seconds=0.05) as bus, Follower(bus) as follower:
        client.flushall()

        (batch,) = await follower.until_gap()

    assert batch.updates == ()


async def test_followers_go_on_after_redis_was_flushed(client: "redis.Redis", server: Redis) -> None:
    async with RedisStreams(server.url, survey_seconds=60) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, some_updates([1, 2, 3]))
        await follower.until(3)

        client.flushall()
        bus.announce(Topic.DELIVERIES, [an_update(4)])
        batches = await follower.until(4)
        bus.announce(Topic.DELIVERIES, [an_update(5)])
        later = await follower.until(5)

    assert (numbers(batches), batches[0].gap) == ([4], True)
    assert (numbers(later), later[0].gap) == ([5], False)


@pytest.mark.parametrize("announced_since", [0, 1, 5])
async def test_a_cursor_from_before_a_flush_is_a_gap(
    client: "redis.Redis", server: Redis, announced_since: int
) -> None:
    async with RedisStreams(server.url) as bus:
        async with Follower(bus) as follower:
            bus.announce(Topic.DELIVERIES, some_updates([1, 2, 3]))
            batches = await follower.until(3)
        client.flushall()
        async with Follower(bus) as witness:
            bus.announce(Topic.DELIVERIES, some_updates(range(4, 4 + announced_since)))
            if announced_since:
                await witness.until(3 + announced_since)

        async with Follower(bus, after=batches[-1].cursor) as resumed:
            assert resumed.first.gap
            assert numbers([resumed.first]) == list(range(4, 4 + announced_since))


async def test_a_redis_that_fell_back_to_an_older_snapshot_is_a_gap(client: "redis.Redis", server: Redis) -> None:
    async with RedisStreams(server.url) as bus, Follower(bus) as live:
        bus.announce(Topic.DELIVERIES, some_updates([1, 2, 3]))
        await live.until(3)
        client.save()
        bus.announce(Topic.DELIVERIES, some_updates([4, 5, 6]))
        seen = await live.until(6)

        server.kill()
        server.start()
        # As many as were lost: numbered on from the snapshot, they would be mistaken for those.
        bus.announce(Topic.DELIVERIES, some_updates([7, 8, 9]))
        of_live = await live.until(9)
        async with Follower(bus, after=seen[-1].cursor) as resumed:
            first = resumed.first

    assert (numbers(of_live), of_live[0].gap) == ([7, 8, 9], True)
    assert (numbers([first]), first.gap) == ([7, 8, 9], True)


async def test_a_stream_born_before_its_predecessor_is_found(client: "redis.Redis", server: Redis) -> None:
    """Redis's clock was far ahead and was corrected, then Redis was flushed: the new IDs are lower than those read."""
    run_id = client.info("server")["run_id"]
    client.xadd(STREAM, {"run": run_id, "updates": "[]"}, id="9000000000000000-0")
    client.xadd(BELL, {"streams": STREAM}, id="9000000000000000-0")
    async with RedisStreams(server.url, survey_seconds=0.05) as bus, Follower(bus) as follower:
        client.flushall()
        bus.announce(Topic.DELIVERIES, [an_update(1)])
        batches = await follower.until(1)
        bus.announce(Topic.DELIVERIES, [an_update(2)])
        later = await follower.until(2)

    assert batches[0].gap
    assert numbers(batches) == [1]
    assert not later[0].gap


async def test_the_bell_is_heard_again_after_its_own_clock_was_set_back(client: "redis.Redis", proxy: Proxy) -> None:
    client.xadd(BELL, {"streams": STREAM}, id="9000000000000000-0")
    async with RedisStreams(proxy.url, survey_seconds=600) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(0)])
        await follower.until(0)
        proxy.cut()  # a failure, and therefore a survey
        await proxy.refusals(2)
        client.flushall()
        proxy.restore()
        await follower.until_gap()

        bus.announce(Topic.DELIVERIES, [an_update(1)])
        first = await follower.until(1)
        bus.announce(Topic.DELIVERIES, [an_update(2)])
        second = await follower.until(2)

    assert set(numbers([*first, *second])) == {1, 2}


async def test_a_stream_from_another_run_with_its_clock_ahead_goes_on(client: "redis.Redis", server: Redis) -> None:
    client.xadd(STREAM, {"run": "another", "updates": "[]"}, id="9000000000000000-0")
    async with RedisStreams(server.url) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1)])

        batches = await follower.until(1)

    assert (numbers(batches), batches[0].gap) == ([1], False)


async def test_who_joins_after_a_flush_gets_no_gap_that_others_have(client: "redis.Redis", server: Redis) -> None:
    async with RedisStreams(server.url, survey_seconds=600) as bus, Follower(bus) as older:
        client.flushall()

        async with Follower(bus) as younger:
            bus.announce(Topic.DELIVERIES, [an_update(1)])
            of_older, of_younger = await older.until(1), await younger.until(1)

    assert of_older[0].gap
    assert not any(batch.gap for batch in [younger.first, *of_younger])


async def test_a_follower_that_begins_while_redis_is_away_begins_when_it_is_back(proxy: Proxy) -> None:
    async with RedisStreams(proxy.url) as bus:
        proxy.cut()
        async with AsyncExitStack() as stack:
            beginning = asyncio.create_task(stack.enter_async_context(Follower(bus)))
            await proxy.refusals(3)
            counted = bus.followers

            proxy.restore()
            follower = await beginning
            bus.announce(Topic.DELIVERIES, [an_update(1)])

            assert counted == 1
            assert follower.first.gap, "it began earlier than the stream is known from"
            assert numbers(await follower.until(1)) == [1]


async def test_a_cursor_goes_on_without_a_gap_after_an_outage(proxy: Proxy) -> None:
    async with RedisStreams(proxy.url) as bus:
        async with Follower(bus) as follower:
            cursor = follower.first.cursor
            bus.announce(Topic.DELIVERIES, [an_update(1)])
            await follower.until(1)
        proxy.cut()
        async with AsyncExitStack() as stack:
            beginning = asyncio.create_task(stack.enter_async_context(Follower(bus, after=cursor)))
            await proxy.refusals(3)

            proxy.restore()
            follower = await beginning

            assert (numbers([follower.first]), follower.first.gap) == ([1], False)


async def test_a_slow_follower_reads_on_from_redis_through_an_outage(proxy: Proxy) -> None:
    async with RedisStreams(proxy.url, window=10) as bus, Follower(bus) as slow, Follower(bus) as witness:
        bus.announce(Topic.DELIVERIES, some_updates(range(1, 301)))
        await witness.until(300)
        proxy.cut()
        reading = asyncio.create_task(slow.until(300))
        await proxy.refusals(3)

        proxy.restore()
        batches = await reading

    assert numbers(batches) == list(range(1, 301))
    assert not any(batch.gap for batch in batches)


async def test_a_redis_that_hangs_is_given_up_and_tried_again(proxy: Proxy) -> None:
    async with RedisStreams(proxy.url, timeout_seconds=0.2) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1)])
        await follower.until(1)

        proxy.stall()
        bus.announce(Topic.DELIVERIES, [an_update(2)])
        proxy.cut()
        await proxy.refusals(2)
        proxy.restore()
        batches = await follower.until(2)

    assert set(numbers(batches)) == {2}
    assert not any(batch.gap for batch in batches)


async def test_cut_connections_lose_nothing(client: "redis.Redis", server: Redis) -> None:
    async with RedisStreams(server.url) as bus, Follower(bus) as follower:
        for number in range(1, 21):
            client.client_kill_filter(_type="normal", skipme=True)
            bus.announce(Topic.DELIVERIES, [an_update(number)])
        batches = await follower.until(20)

    assert list(dict.fromkeys(numbers(batches))) == list(range(1, 21))
    assert not any(batch.gap for batch in batches)


async def test_an_entry_that_nobody_can_read_is_a_gap(client: "redis.Redis", server: Redis) -> None:
    async with RedisStreams(server.url) as bus, Follower(bus) as follower:
        epoch = int(follower.first.cursor.partition("-")[0], 16)
        run_id = client.info("server")["run_id"]
        client.xadd(STREAM, {"run": run_id, "updates": "no JSON"}, id=f"{epoch}-7")
        bus.announce(Topic.DELIVERIES, [an_update(1)])

        batches = await follower.until(1)

    assert (numbers(batches), batches[0].gap) == ([1], True)


async def test_an_update_that_cannot_be_written_is_a_gap(server: Redis) -> None:
    unwritable = Update("ws_a", "dlv_\ud800", Micros(0), None, None, None, None, None)
    async with RedisStreams(server.url) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [unwritable])
        told = await follower.until_gap()
        bus.announce(Topic.DELIVERIES, [an_update(1)])

        assert numbers([*told, *await follower.until(1)]) == [1]


async def test_closing_writes_what_was_announced_and_waits_no_longer(
    server: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.updates.redis_streams, "CLOSE_SECONDS", 2 * PATIENCE_SECONDS)
    async with RedisStreams(server.url) as other, Follower(other) as follower:
        async with asyncio.timeout(PATIENCE_SECONDS), RedisStreams(server.url) as bus:
            bus.announce(Topic.DELIVERIES, some_updates(range(1, 5_001)))

        assert numbers(await follower.until(5_000)) == list(range(1, 5_001))


@pytest.mark.parametrize("announced", [0, 1])
async def test_a_bus_can_be_closed_at_any_moment(server: Redis, announced: int) -> None:
    for moment in range(80):
        async with asyncio.timeout(PATIENCE_SECONDS), RedisStreams(server.url) as bus:
            bus.announce(Topic.DELIVERIES, some_updates(range(announced)))
            for _ in range(moment):
                await asyncio.sleep(0)


async def test_closing_while_redis_is_away_ends_everyone(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.updates.redis_streams, "CLOSE_SECONDS", 0.1)
    async with AsyncExitStack() as stack:
        async with RedisStreams(proxy.url) as bus:
            waiting = asyncio.create_task((await stack.enter_async_context(Follower(bus))).next())
            proxy.cut()
            beginning = asyncio.create_task(Follower(bus, "ws_b").next())
            bus.announce(Topic.DELIVERIES, [an_update(1)])
            await proxy.refusals(3)

        done, pending = await asyncio.wait([waiting, beginning], timeout=PATIENCE_SECONDS)

        assert not pending
        assert {type(task.exception()) for task in done} == {StopAsyncIteration}
        assert bus.followers == 0


async def test_health_names_the_server_while_it_is_away_and_no_secret(proxy: Proxy) -> None:
    url = f"redis://somebody:hunter2@127.0.0.1:{proxy.port}/0"
    proxy.cut()
    async with RedisStreams(url) as bus:
        await proxy.refusals(2)

        sentence = bus.healthy()

    assert sentence is not None
    assert sentence.startswith(f"Live updates cannot be read: Redis at 127.0.0.1:{proxy.port}: ConnectionError: ")
    assert "hunter2" not in sentence
    assert "somebody" not in sentence


async def test_health_is_back_when_redis_is(proxy: Proxy) -> None:
    async with RedisStreams(proxy.url) as bus, Follower(bus) as follower:
        healthy = bus.healthy()
        proxy.cut()
        bus.announce(Topic.DELIVERIES, [an_update(1)])
        await proxy.refusals(4)
        sick = bus.healthy()

        proxy.restore()
        await follower.until(1)
        bus.announce(Topic.DELIVERIES, [an_update(2)])
        await follower.until(2)

        assert healthy is None
        assert sick is not None
        assert bus.healthy() is None


async def test_a_server_starts_without_redis(server: Redis) -> None:
    server.kill()
    async with RedisStreams(server.url) as bus, AsyncExitStack() as stack:
        bus.announce(Topic.DELIVERIES, [an_update(1)])
        beginning = asyncio.create_task(stack.enter_async_context(Follower(bus)))

        server.start()
        follower = await beginning
        bus.announce(Topic.DELIVERIES, [an_update(2)])

        assert numbers(await follower.until(2)) in ([2], [1, 2])
