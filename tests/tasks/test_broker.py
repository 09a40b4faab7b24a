"""Which broker a URL chooses, and the Dramatiq options without which wake-ups would be late or silently lost."""

from typing import Any

import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import TimeLimit

from tasks.broker import SOCKET_SECONDS, TIME_LIMIT_MS, make_broker
from tasks.in_process import InProcessBroker
from tasks.redis import RedisBroker


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
def test_a_wake_up_that_failed_is_neither_repeated_nor_kept_as_a_dead_letter(url: str) -> None:
    # Retries repeats it, and AgeLimit rejects it: RabbitMQ keeps rejected messages for a week.
    middleware = {type(each).__name__ for each in make_broker(url).middleware}

    assert not middleware & {"Retries", "AgeLimit"}


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1"])
def test_actors_in_threads_have_a_time_limit_whatever_the_broker(url: str) -> None:
    limits = [each.time_limit for each in make_broker(url).middleware if isinstance(each, TimeLimit)]

    assert limits == [TIME_LIMIT_MS]


def test_rabbitmq_confirms_what_it_took() -> None:
    # Regression: Dramatiq does not ask for it, so a message that RabbitMQ did not accept is lost silently.
    assert make_broker("amqp://127.0.0.1:1").confirm_delivery is True  # type: ignore[attr-defined]


def test_a_redis_that_says_nothing_is_given_up() -> None:
    connection = make_broker("redis://127.0.0.1:1/0").client.connection_pool.make_connection()  # type: ignore[attr-defined]

    assert (connection.socket_timeout, connection.socket_connect_timeout) == (SOCKET_SECONDS, SOCKET_SECONDS)
