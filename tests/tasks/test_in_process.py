"""The in-process broker: bounded, keeps nothing, and its worker runs on the server's own loop."""

import asyncio

import dramatiq
import pytest
from dramatiq.errors import QueueNotFound

from tasks.broker import make_broker
from tasks.in_process import InProcessBroker
from tasks.worker import running_worker


async def test_actors_run_on_the_servers_own_event_loop() -> None:
    broker = make_broker("memory://")
    loops: asyncio.Queue[asyncio.AbstractEventLoop] = asyncio.Queue()

    async def look(_: str) -> None:
        loops.put_nowait(asyncio.get_running_loop())

    actor = dramatiq.actor(broker=broker)(look)
    async with running_worker(broker):
        actor.send("hello")
        async with asyncio.timeout(10):
            loop = await loops.get()

    assert loop is asyncio.get_running_loop()


async def test_a_full_queue_drops_wake_ups_instead_of_growing_or_blocking() -> None:
    broker = InProcessBroker([], max_messages=2)

    async def look(_: str) -> None: ...

    actor = dramatiq.actor(broker=broker)(look)
    for _ in range(5):
        actor.send("hello")

    assert len(broker.queues["default"]) == 2
    assert broker.dropped == 3


async def test_an_actor_that_fails_leaves_nothing_behind() -> None:
    # Regression: Dramatiq's StubBroker keeps every dead letter and its traceback for ever.
    broker = make_broker("memory://")
    failed: asyncio.Queue[int] = asyncio.Queue()

    async def fail(number: int) -> None:
        failed.put_nowait(number)
        raise RuntimeError("on purpose")

    actor = dramatiq.actor(broker=broker)(fail)
    async with running_worker(broker):
        for number in range(20):
            actor.send(number)
        async with asyncio.timeout(10):
            seen = [await failed.get() for _ in range(20)]

    assert seen == list(range(20))
    assert not broker.queues["default"]


async def test_time_limits_fire_in_an_embedded_worker() -> None:
    broker = make_broker("memory://")
    cancelled = asyncio.Event()

    async def hang(_: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    actor = dramatiq.actor(broker=broker, time_limit=100)(hang)
    async with running_worker(broker):
        actor.send("hello")
        async with asyncio.timeout(10):
            await cancelled.wait()


async def test_actors_that_hang_count_against_the_bound() -> None:
    broker = InProcessBroker([], max_messages=2)
    begun: asyncio.Queue[int] = asyncio.Queue()
    free = asyncio.Event()

    async def hang(number: int) -> None:
        begun.put_nowait(number)
        await free.wait()

    actor = dramatiq.actor(broker=broker)(hang)
    async with running_worker(broker):
        for number in range(5):
            actor.send(number)
        async with asyncio.timeout(10):
            assert [await begun.get(), await begun.get()] == [0, 1]
        free.set()

    assert broker.dropped == 3
    assert begun.empty()


async def test_a_message_that_waited_too_long_is_left_to_the_sweep() -> None:
    broker = make_broker("memory://")
    ran: asyncio.Queue[str] = asyncio.Queue()

    async def note(text: str) -> None:
        ran.put_nowait(text)

    actor = dramatiq.actor(broker=broker)(note)
    broker.enqueue(actor.message("old").copy(message_timestamp=0))
    actor.send("new")
    async with running_worker(broker), asyncio.timeout(10):
        assert await ran.get() == "new"

    assert ran.empty()


async def test_stopping_the_worker_finishes_what_has_begun_and_takes_no_more() -> None:
    broker = make_broker("memory://")
    begun, free, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await free.wait()
        ended.set()

    actor = dramatiq.actor(broker=broker)(work)
    async with running_worker(broker):
        actor.send()
        await begun.wait()
        asyncio.get_running_loop().call_soon(free.set)
    assert ended.is_set()

    actor.send()
    assert len(broker.queues["default"]) == 1


def test_delays_belong_into_the_database() -> None:
    broker = InProcessBroker([])

    async def look(_: str) -> None: ...

    actor = dramatiq.actor(broker=broker)(look)
    with pytest.raises(ValueError, match="schedules live in the database"):
        actor.send_with_options(args=("x",), delay=1_000)
    with pytest.raises(QueueNotFound):
        broker.enqueue(actor.message("x").copy(queue_name="nowhere"))


@pytest.mark.parametrize("url", ["kafka://x", "", "memory"])
def test_an_unknown_broker_is_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="BROKER_URL must begin with"):
        make_broker(url)
