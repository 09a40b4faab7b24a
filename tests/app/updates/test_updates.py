"""What announcing and following mean, on both buses."""

import asyncio
import gc
from contextlib import AsyncExitStack, aclosing

import pytest

from app.updates import InvalidCursor, Topic
from app.updates.bus import MAX_BATCH
from app.updates.cursor import Cursor, format_cursor, parse_cursor
from app.updates.window import Shelf
from tests.app.updates.conftest import MakeBus
from tests.app.updates.follower import Follower, an_update, numbers, some_updates
from tests.patience import PATIENCE_SECONDS


async def test_a_follower_has_a_cursor_at_once(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus:
        bus.announce(Topic.DELIVERIES, [an_update(1)])

        async with Follower(bus) as follower:
            assert follower.first.updates == ()
            assert not follower.first.gap
            assert parse_cursor(follower.first.cursor)


async def test_a_follower_sees_everything_announced_after_it_began_in_order(make_bus: MakeBus) -> None:
    async with make_bus(1_000) as bus, Follower(bus) as follower:
        for number in range(1, 301):
            bus.announce(Topic.DELIVERIES, [an_update(number)])

        batches = await follower.until(300)

    assert numbers(batches) == list(range(1, 301))
    assert not any(batch.gap for batch in batches)


async def test_what_is_announced_arrives_as_it_was(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, some_updates([1, 2]))

        batches = await follower.until(2)

    assert [update for batch in batches for _, update in batch.updates] == [an_update(1), an_update(2)]


async def test_a_follower_sees_nothing_of_other_workspaces_and_topics(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1, "ws_b"), an_update(2), an_update(3, "ws_b")])
        bus.announce(Topic.WEBHOOKS, [an_update(4)])
        bus.announce(Topic.DELIVERIES, [an_update(5)])

        batches = await follower.until(5)

    assert numbers(batches) == [2, 5]


async def test_all_followers_of_a_workspace_see_the_same_cursors(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus, Follower(bus) as one, Follower(bus) as other:
        bus.announce(Topic.DELIVERIES, some_updates(range(1, 11)))

        seen_by_one, seen_by_other = await one.until(10), await other.until(10)

    assert [pair for batch in seen_by_one for pair in batch.updates] == [
        pair for batch in seen_by_other for pair in batch.updates
    ]


async def test_every_cursor_goes_on_right_after_its_update(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus:
        async with Follower(bus) as follower:
            bus.announce(Topic.DELIVERIES, some_updates(range(1, 6)))
            bus.announce(Topic.WEBHOOKS, some_updates(range(6, 9)))
            batches = await follower.until(5)
            bus.announce(Topic.DELIVERIES, some_updates(range(9, 12)))
            batches += await follower.until(11)
        cursors = [follower.first.cursor] + [cursor for batch in batches for cursor, _ in batch.updates]
        expected = numbers(batches)

        for begin, cursor in enumerate(cursors[:-1]):
            async with Follower(bus, after=cursor) as resumed:
                seen = (
                    [resumed.first]
                    if expected[-1] in numbers([resumed.first])
                    else [resumed.first, *await resumed.until(expected[-1])]
                )
            assert numbers(seen) == expected[begin:]
            assert not any(batch.gap for batch in seen)


async def test_the_cursor_of_a_batch_is_that_of_its_last_update(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, some_updates(range(1, 4)))

        batches = await follower.until(3)

    assert all(batch.cursor == batch.updates[-1][0] for batch in batches)


async def test_going_on_where_nothing_has_happened_is_said_at_once(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus:
        async with Follower(bus) as follower:
            bus.announce(Topic.DELIVERIES, [an_update(1)])
            (batch,) = await follower.until(1)

        async with Follower(bus, after=batch.cursor) as resumed:
            assert resumed.first.updates == ()
            assert resumed.first.cursor == batch.cursor
            assert not resumed.first.gap


async def test_a_cursor_from_before_the_first_update_misses_nothing(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus:
        async with Follower(bus) as follower:
            cursor = follower.first.cursor
        async with Follower(bus) as witness:
            bus.announce(Topic.DELIVERIES, some_updates([1, 2]))
            await witness.until(2)

        async with Follower(bus, after=cursor) as resumed:
            assert numbers([resumed.first]) == [1, 2]
            assert not resumed.first.gap


async def test_a_busy_stream_comes_in_bigger_batches_and_none_past_the_limit(make_bus: MakeBus) -> None:
    total = 3 * MAX_BATCH
    async with make_bus(10_000) as bus, Follower(bus) as slow, Follower(bus) as witness:
        for first in range(1, total, 50):
            bus.announce(Topic.DELIVERIES, some_updates(range(first, first + 50)))
        await witness.until(total)

        batches = await slow.until(total)

    assert numbers(batches) == list(range(1, total + 1))
    assert [len(batch.updates) for batch in batches] == [MAX_BATCH] * 3


async def test_a_slow_follower_gets_a_gap_and_goes_on_from_the_oldest_kept(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus, Follower(bus) as slow, Follower(bus) as witness:
        for first in range(1, 2_001, 25):
            bus.announce(Topic.DELIVERIES, some_updates(range(first, first + 25)))
            await witness.until(first + 24)

        batches = await slow.until(2_000)

    assert batches[0].gap
    assert not any(batch.gap for batch in batches[1:])
    seen = numbers(batches)
    assert seen == list(range(seen[0], 2_001))
    assert 50 <= len(seen) < 500


async def test_a_follower_that_keeps_up_gets_no_gap_whatever_others_announce(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus, Follower(bus) as follower, Follower(bus, "ws_busy") as witness:
        for round_ in range(1, 21):
            bus.announce(Topic.DELIVERIES, some_updates(range(40), "ws_busy"))
            await witness.until(39)
            bus.announce(Topic.DELIVERIES, [an_update(round_)])

            (batch,) = await follower.until(round_)

            assert (numbers([batch]), batch.gap) == ([round_], False)


async def test_a_cursor_older_than_what_is_kept_is_a_gap(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus:
        async with Follower(bus) as follower:
            old = follower.first.cursor
            for first in range(1, 1_001, 25):
                bus.announce(Topic.DELIVERIES, some_updates(range(first, first + 25)))
                await follower.until(first + 24)

        async with Follower(bus, after=old) as resumed:
            seen = numbers([resumed.first])

            assert resumed.first.gap
            assert seen == list(range(seen[0], 1_001))
            assert seen[0] > 1


@pytest.mark.parametrize(
    "foreign",
    [Cursor(1, 1), Cursor(2**64 - 1, 2**64 - 1), Cursor(0, 0)],
    ids=["another epoch", "the largest", "the smallest"],
)
async def test_a_cursor_that_this_bus_never_gave_is_a_gap(make_bus: MakeBus, foreign: Cursor) -> None:
    async with make_bus(50) as bus:
        async with Follower(bus) as witness:
            bus.announce(Topic.DELIVERIES, some_updates([1, 2]))
            await witness.until(2)

        async with Follower(bus, after=format_cursor(foreign)) as follower:
            bus.announce(Topic.DELIVERIES, [an_update(3)])
            batches = [follower.first, *await follower.until(3)]

    assert [batch.gap for batch in batches] == [True] + [False] * (len(batches) - 1)
    assert numbers(batches) == [1, 2, 3]


async def test_a_cursor_from_beyond_the_end_is_a_gap(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus:
        async with Follower(bus) as follower:
            epoch, number = parse_cursor(follower.first.cursor)

        async with Follower(bus, after=format_cursor(Cursor(epoch, number + 1))) as resumed:
            bus.announce(Topic.DELIVERIES, [an_update(1)])

            assert resumed.first.gap
            assert numbers(await resumed.until(1)) == [1]


async def test_a_malformed_cursor_is_refused_by_the_call(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus:
        with pytest.raises(InvalidCursor, match="'yesterday' is not a cursor"):
            bus.follow(Topic.DELIVERIES, "ws_a", "yesterday")


async def test_announcing_nothing_and_to_nobody_does_no_harm(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus:
        bus.announce(Topic.DELIVERIES, [])
        bus.announce(Topic.DELIVERIES, some_updates(range(1_000), "ws_nobody"))

        async with Follower(bus) as follower:
            bus.announce(Topic.DELIVERIES, [an_update(1)])

            assert numbers(await follower.until(1)) == [1]
        assert bus.healthy() is None


async def test_followers_are_counted_while_they_follow(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus:
        before = bus.followers
        async with Follower(bus), Follower(bus, "ws_b"):
            during = bus.followers

        assert (before, during, bus.followers) == (0, 2, 0)


async def test_followers_that_left_leave_nothing(make_bus: MakeBus) -> None:
    async with make_bus(100) as bus:
        for number in range(100):
            async with Follower(bus, f"ws_{number}"):
                pass

        gc.collect()

        assert not any(isinstance(thing, Shelf) for thing in gc.get_objects())


async def test_a_cancelled_follower_is_gone(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus, aclosing(bus.follow(Topic.DELIVERIES, "ws_a")) as batches:
        await anext(batches)
        waiting = asyncio.ensure_future(anext(batches))
        done, _ = await asyncio.wait([waiting], timeout=0)

        waiting.cancel()
        await asyncio.wait([waiting], timeout=PATIENCE_SECONDS)

        assert not done
        assert waiting.cancelled()
        assert bus.followers == 0


async def test_a_follower_can_be_cancelled_at_any_moment(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus:
        for moment in range(60):
            batches = bus.follow(Topic.DELIVERIES, f"ws_{moment}")
            beginning = asyncio.ensure_future(anext(batches))
            for _ in range(moment):
                await asyncio.sleep(0)
            began = beginning.done()

            beginning.cancel()
            await asyncio.wait([beginning], timeout=PATIENCE_SECONDS)

            assert beginning.cancelled() or began
            await batches.aclose()
            assert bus.followers == 0


async def test_closing_ends_all_followers(make_bus: MakeBus) -> None:
    async with AsyncExitStack() as followers:
        async with make_bus(50) as bus:
            waiting = []
            for number in range(20):
                batches = await followers.enter_async_context(
                    aclosing(bus.follow(Topic.DELIVERIES, f"ws_{number % 5}"))
                )
                await anext(batches)
                waiting.append(asyncio.ensure_future(anext(batches, None)))

        done, pending = await asyncio.wait(waiting, timeout=PATIENCE_SECONDS)

        assert not pending
        assert [task.result() for task in done] == [None] * 20
        assert bus.followers == 0


async def test_a_closed_bus_has_no_followers(make_bus: MakeBus) -> None:
    async with make_bus(50) as bus:
        pass

    bus.announce(Topic.DELIVERIES, [an_update(1)])

    assert [batch async for batch in bus.follow(Topic.DELIVERIES, "ws_a")] == []
