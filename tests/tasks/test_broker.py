"""Which broker a URL chooses, and what Dramatiq has to be told so that no wake-up is late or lost without a word."""

from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker

from tasks.broker import SOCKET_SECONDS, make_broker
from tasks.in_process import InProcessBroker
from tasks.redis import RedisBroker
from tasks.worker import POLL_MS, running_threads

# By then, with one in ten, it is as good as certain (0.9 ** 300 is 2e-14); with one in a thousand it is not.
COMMANDS_AT_MOST = 300


def redis_broker(url: str) -> RedisBroker:
    """A broker whose silence counts as death at once."""
    broker = make_broker(url)
    assert isinstance(broker, RedisBroker)
    broker.heartbeat_timeout = 1
    broker.declare_queue("deliveries")
    return broker


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory://", InProcessBroker),
        ("redis://127.0.0.1:1/0", RedisBroker),
        ("rediss://127.0.0.1:1/0", RedisBroker),
        ("amqp://127.0.0.1:1", RabbitmqBroker),
        ("amqps://127.0.0.1:1", RabbitmqBroker),
    ],
)
def test_a_url_chooses_its_broker_without_connecting(url: str, kind: type[Any]) -> None:
    assert isinstance(make_broker(url), kind)


@pytest.mark.parametrize("url", ["memory://", "redis://127.0.0.1:1/0", "amqp://127.0.0.1:1"])
def test_a_wake_up_that_failed_is_not_repeated_by_the_broker(url: str) -> None:
    middleware = {type(each).__name__ for each in make_broker(url).middleware}

    assert "Retries" not in middleware
    assert "AgeLimit" in middleware
    assert middleware & {"TimeLimit", "LoopTimeLimit"}


def test_rabbitmq_confirms_what_it_took() -> None:
    # Regression: Dramatiq does not ask for it, and what RabbitMQ never took is then lost without a word.
    assert make_broker("amqp://127.0.0.1:1").confirm_delivery is True  # type: ignore[attr-defined]


def test_a_redis_that_says_nothing_is_given_up() -> None:
    # Regression: Dramatiq makes its client in such a way that timeouts given beside a URL are dropped.
    connection = make_broker("redis://127.0.0.1:1/0").client.connection_pool.make_connection()  # type: ignore[attr-defined]

    assert (connection.socket_timeout, connection.socket_connect_timeout) == (SOCKET_SECONDS, SOCKET_SECONDS)


def test_what_a_dead_worker_took_from_redis_comes_back(redis_url: str) -> None:
    # Regression: Dramatiq looks after dead workers by chance, with one command in a thousand unless told otherwise.
    dead, alive = redis_broker(redis_url), redis_broker(redis_url)
    dead.enqueue(dramatiq.Message("deliveries", "deliver", (["wh_1"],), {}, {}))
    taken = next(dead.consume("deliveries", timeout=1))
    assert taken is not None

    consumer = alive.consume("deliveries", timeout=1)
    assert any(next(consumer) is not None for _ in range(COMMANDS_AT_MOST))


async def test_an_idle_worker_asks_redis_often_enough(redis_url: str) -> None:
    # Regression: with Dramatiq's own timeout a wake-up is noticed 130 ms late, and often later.
    async with running_threads(redis_broker(redis_url), 1) as worker:
        assert worker.worker_timeout == POLL_MS
