"""The broker over Redis: its workers wait in Redis, and consume messages at most once."""

import asyncio
import threading
from collections.abc import Iterator

import dramatiq
import pytest
import redis.asyncio
from dramatiq.broker import Consumer, MessageProxy
from dramatiq.errors import ConnectionClosed, DecodeError, QueueNotFound
from dramatiq.middleware.time_limit import TimeLimitExceeded

from tasks.broker import make_broker
from tasks.redis import MAX_MESSAGES, PREFIX, RedisBroker
from tasks.worker import running_worker
from tests.patience import PATIENCE_SECONDS

QUEUE = "deliveries"


@pytest.fixture
def broker(redis_url: str) -> Iterator[RedisBroker]:
    broker = make_broker(redis_url)
    assert isinstance(broker, RedisBroker)
    broker.declare_queue(QUEUE)
    yield broker
    broker.close()


def send(broker: RedisBroker, text: str) -> None:
    broker.enqueue(dramatiq.Message(QUEUE, "deliver", ([text],), {}, {}))


def taken(consumer: Consumer) -> MessageProxy:
    message = next(consumer)
    assert isinstance(message, MessageProxy)
    return message


def threads_of_workers() -> list[str]:
    return sorted(type(each).__name__ for each in threading.enumerate() if type(each).__module__ == "dramatiq.worker")


async def until_one_waits(url: str) -> None:
    """Wait until a client of a database waits in Redis for a message."""
    number = url.rpartition("/")[2]

    async with redis.asyncio.Redis.from_url(url) as client, asyncio.timeout(PATIENCE_SECONDS):
        waits = False
        while not waits:
            clients = await client.client_list()
            waits = any(each["db"] == number and "b" in each["flags"] for each in clients)


async def test_a_worker_waits_in_redis_and_so_gets_a_message_at_once(redis_url: str) -> None:
    # Regression: Dramatiq's own Redis broker polls, and notices a wake-up 130 ms late, and often later.
    broker = make_broker(redis_url)
    heard: asyncio.Queue[str] = asyncio.Queue()

    loop = asyncio.get_running_loop()

    def deliver(text: str) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, text)

    actor = dramatiq.actor(broker=broker, queue_name=QUEUE)(deliver)
    async with running_worker(broker), asyncio.timeout(PATIENCE_SECONDS):
        for number in range(10):
            await until_one_waits(redis_url)
            await asyncio.to_thread(actor.send, str(number))
            assert await heard.get() == str(number)


def test_one_of_several_workers_gets_a_message(broker: RedisBroker) -> None:
    send(broker, "one")

    found = [next(broker.consume(QUEUE, timeout=10)) for _ in range(3)]

    assert [message.args[0] for message in found if message is not None] == [["one"]]


def test_a_consumer_holds_no_more_than_it_may(broker: RedisBroker) -> None:
    consumer = broker.consume(QUEUE, prefetch=2, timeout=10)
    for text in ("one", "two", "three"):
        send(broker, text)

    first, second = taken(consumer), taken(consumer)
    assert next(consumer) is None

    consumer.ack(first)
    consumer.nack(second)
    assert taken(consumer).args[0] == ["three"]


def test_what_another_consumer_took_frees_no_place_of_this_one(broker: RedisBroker) -> None:
    # Dramatiq creates a new consumer when the connection was lost, and passes it the old one's messages.
    old, new = (broker.consume(QUEUE, prefetch=1, timeout=10) for _ in range(2))
    for text in ("one", "two", "three"):
        send(broker, text)

    before = taken(old)
    taken(new)
    new.ack(before)

    assert next(new) is None


def test_what_was_not_begun_at_a_stop_is_for_others(broker: RedisBroker) -> None:
    send(broker, "one")
    stopping = broker.consume(QUEUE, timeout=10)

    stopping.requeue([taken(stopping)])

    assert taken(broker.consume(QUEUE, timeout=10)).args[0] == ["one"]


def test_the_oldest_messages_go_where_nobody_takes_any(broker: RedisBroker) -> None:
    message: dramatiq.Message[None] = dramatiq.Message(QUEUE, "deliver", (["old"],), {}, {})
    broker.client.rpush(PREFIX + QUEUE, *[message.encode()] * MAX_MESSAGES)

    send(broker, "new")

    assert broker.client.llen(PREFIX + QUEUE) == MAX_MESSAGES
    newest = broker.client.lindex(PREFIX + QUEUE, -1)
    assert isinstance(newest, bytes)
    assert dramatiq.Message.decode(newest).args[0] == ["new"]


def test_what_is_no_message_takes_no_place(broker: RedisBroker) -> None:
    broker.client.rpush(PREFIX + QUEUE, b"not JSON")
    send(broker, "one")
    consumer = broker.consume(QUEUE, prefetch=1, timeout=10)

    with pytest.raises(DecodeError):
        next(consumer)

    assert taken(consumer).args[0] == ["one"]


def test_a_redis_that_is_away_is_reported_as_dramatiq_expects_it() -> None:
    broker = make_broker("redis://127.0.0.1:1/0")
    broker.declare_queue(QUEUE)
    consumer = broker.consume(QUEUE, prefetch=1, timeout=10)

    for _ in range(2):  # and no place is lost
        with pytest.raises(ConnectionClosed):
            next(consumer)


async def test_time_limits_fire_in_the_worker(redis_url: str) -> None:
    # Regression: a `Worker` outside Dramatiq's own command emits no `process_boot`, where time limits start.
    broker = make_broker(redis_url)
    free, cut_off = threading.Event(), threading.Event()

    def hang() -> None:
        try:
            while not free.wait(0.01):
                pass
        except TimeLimitExceeded:
            cut_off.set()

    actor = dramatiq.actor(broker=broker, queue_name=QUEUE, time_limit=100)(hang)
    async with running_worker(broker):
        await asyncio.to_thread(actor.send)
        assert await asyncio.to_thread(cut_off.wait, PATIENCE_SECONDS)
        free.set()


async def test_stopping_the_worker_ends_its_threads(redis_url: str) -> None:
    broker = make_broker(redis_url)
    broker.declare_queue(QUEUE)
    async with running_worker(broker):
        assert threads_of_workers() == ["ConsumerThread", "WorkerThread"]

    assert threads_of_workers() == []


def test_delays_belong_into_the_database(broker: RedisBroker) -> None:
    with pytest.raises(ValueError, match="schedules live in the database"):
        broker.enqueue(dramatiq.Message(QUEUE, "deliver", (), {}, {}), delay=1_000)
    with pytest.raises(QueueNotFound):
        broker.consume("nowhere")
