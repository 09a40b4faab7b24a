"""Features of the bus in memory: it ends with its process, and it is always bounded."""

import asyncio
import gc
import sys
from collections import Counter
from contextlib import AsyncExitStack
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.updates import Topic, Update, open_updates, window
from app.updates.cursor import parse_cursor
from app.updates.ring import Ring
from app.updates.window import Shelf
from tests.app.updates.follower import Follower, an_update, numbers, some_updates


async def test_a_cursor_from_before_a_restart_is_a_gap() -> None:
    async with Ring(kept=100) as ring, Follower(ring) as follower:
        ring.announce(Topic.DELIVERIES, some_updates([1, 2, 3]))
        (batch,) = await follower.until(3)

    async with Ring(kept=100) as restarted:
        restarted.announce(Topic.DELIVERIES, some_updates(range(11, 20)))
        async with Follower(restarted, after=batch.cursor) as resumed:
            assert resumed.first.gap
            assert numbers([resumed.first]) == list(range(11, 20))


async def test_memory_is_bounded_whatever_is_announced_to_whomever() -> None:
    before = _alive()  # Other tests of the same process may have left some.
    async with Ring(kept=100) as ring:
        for number in range(5_000):
            ring.announce(Topic.DELIVERIES, some_updates([number], f"ws_{number}"))
            ring.announce(Topic.WEBHOOKS, some_updates([number], "ws_busy"))

        now = _alive()

        assert now[Update] - before[Update] <= 100
        assert now[Shelf] - before[Shelf] <= 101


def _alive() -> Counter[type]:
    gc.collect()
    return Counter(type(thing) for thing in gc.get_objects() if isinstance(thing, Update | Shelf))


async def test_a_workspace_that_was_forgotten_is_a_gap_to_those_who_missed_something() -> None:
    async with Ring(kept=10) as ring:
        async with Follower(ring) as follower:
            early = follower.first.cursor
            ring.announce(Topic.DELIVERIES, [an_update(1)])
            await follower.until(1)
        ring.announce(Topic.DELIVERIES, some_updates(range(10), "ws_busy"))
        async with Follower(ring) as later:
            late = later.first.cursor

        async with Follower(ring, after=early) as missed, Follower(ring, after=late) as complete:
            assert missed.first.gap
            assert not complete.first.gap


async def test_a_cursor_does_not_count_what_other_workspaces_and_topics_announce() -> None:
    async with Ring(kept=100) as ring, Follower(ring) as follower:
        ring.announce(Topic.DELIVERIES, [an_update(1)])
        before = await follower.next()
        ring.announce(Topic.DELIVERIES, some_updates(range(50), "ws_busy"))
        ring.announce(Topic.WEBHOOKS, some_updates(range(50)))
        ring.announce(Topic.DELIVERIES, [an_update(2)])
        after = await follower.next()
        async with Follower(ring, "ws_busy") as other:
            pass

    assert parse_cursor(after.cursor) == parse_cursor(before.cursor)._replace(number=2)
    assert parse_cursor(other.first.cursor).epoch != parse_cursor(before.cursor).epoch


async def test_a_stream_whose_end_is_no_longer_known_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "MAX_FORGOTTEN", 1)
    async with Ring(kept=100) as ring:
        cursors = []
        for workspace_id in ("ws_a", "ws_b"):
            async with Follower(ring, workspace_id) as follower:
                cursors.append(follower.first.cursor)

        async with Follower(ring, "ws_a", after=cursors[0]) as lost, Follower(ring, "ws_b", after=cursors[1]) as known:
            assert (lost.first.gap, known.first.gap) == (True, False)


async def test_a_thousand_sleeping_followers_cost_an_announcement_nothing() -> None:
    async with Ring() as ring, AsyncExitStack() as sleeping, Follower(ring) as follower:
        alone = await _calls_of_an_announcement(ring, follower, 1)
        waiting = []
        for number in range(1_000):
            sleeper = await sleeping.enter_async_context(Follower(ring, f"ws_{number}"))
            waiting.append(asyncio.create_task(sleeper.next()))
        await asyncio.wait(waiting, timeout=0)

        among_others = await _calls_of_an_announcement(ring, follower, 2)

        assert ring.followers == 1_001
        assert not any(task.done() for task in waiting)
        assert 0 < among_others <= alone
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


async def test_the_bus_follows_from_the_url() -> None:
    async with open_updates("memory://", kept=100) as bus, Follower(bus) as follower:
        bus.announce(Topic.DELIVERIES, [an_update(1)])

        assert numbers(await follower.until(1)) == [1]


workspaces = st.sampled_from(["ws_a", "ws_b", "ws_c"])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("announce"), workspaces, st.integers(1, 8)),
        st.tuples(st.just("read"), workspaces, st.just(0)),
        st.tuples(st.just("return"), workspaces, st.just(0)),
    ),
    max_size=60,
)


@given(steps)
def test_a_follower_sees_everything_in_order_or_a_gap(steps: list[tuple[str, str, int]]) -> None:
    asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, str, int]]) -> None:
    """Followers, one per workspace, read now and then, or leave and return with their cursors; ten updates are kept."""
    announced: dict[str, list[int]] = {"ws_a": [], "ws_b": [], "ws_c": []}
    everything: list[tuple[str, int]] = []
    seen = dict.fromkeys(announced, 0)  # how many of a workspace's updates its follower has passed
    async with AsyncExitStack() as stack, Ring(kept=10) as ring:
        followers = {name: await stack.enter_async_context(Follower(ring, name)) for name in announced}
        cursors = {name: follower.first.cursor for name, follower in followers.items()}
        for step, name, count in steps:
            if step == "announce":
                fresh = range(len(everything), len(everything) + count)
                ring.announce(Topic.DELIVERIES, some_updates(fresh, name))
                announced[name] += fresh
                everything += [(name, number) for number in fresh]
                continue
            if step == "return":
                await followers[name].__aexit__(None, None, None)
                followers[name] = Follower(ring, name, after=cursors[name])
            elif seen[name] == len(announced[name]):
                continue  # nothing to read: it would wait
            batch = await followers[name].next()
            kept = [number for owner, number in everything[-10:] if owner == name]
            missed = announced[name][seen[name] :]
            assert numbers([batch]) == [number for number in missed if number in kept]
            if step == "read":
                assert batch.gap == (not set(missed) <= set(kept))
            else:
                assert batch.gap or set(missed) <= set(kept)
            cursors[name], seen[name] = batch.cursor, len(announced[name])


async def _calls_of_an_announcement(ring: Ring, follower: Follower, number: int) -> int:
    """Number of function calls from announcing an update until its follower has it."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    reading = asyncio.create_task(follower.next())
    await asyncio.wait([reading], timeout=0)
    sys.setprofile(count)
    try:
        ring.announce(Topic.DELIVERIES, [an_update(number)])
        await reading
    finally:
        sys.setprofile(None)
    return calls
