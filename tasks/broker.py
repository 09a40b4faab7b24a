"""Chooses the broker by its URL. Connects lazily: making a broker opens nothing."""

from urllib.parse import urlsplit

from dramatiq import Middleware
from dramatiq.broker import Broker
from dramatiq.middleware import TimeLimit

from tasks.in_process import InProcessBroker

# An actor only asks for a claim; one that takes this long is stuck, and the sweep does its work meanwhile.
TIME_LIMIT_MS = 60_000
# A Redis that says nothing for so long is away. Consumers wait in it for a part of this.
SOCKET_SECONDS = 5


def make_broker(url: str, extra: list[Middleware] | None = None) -> Broker:
    """A broker for a `memory://`, `redis://`, `rediss://`, `amqp://` or `amqps://` URL, with `extra` middleware.

    There is no middleware for retries, since the sweep finds what a failed wake-up was about, and none that rejects
    messages, since RabbitMQ keeps what is rejected as a dead letter.

    Raises:
        ValueError: another scheme.
    """
    scheme = urlsplit(url).scheme
    if scheme == "memory":
        return InProcessBroker(extra or [])
    middleware = [TimeLimit(time_limit=TIME_LIMIT_MS), *(extra or [])]
    if scheme in {"redis", "rediss"}:
        from redis import Redis

        from tasks.redis import RedisBroker

        client = Redis.from_url(url, socket_timeout=SOCKET_SECONDS, socket_connect_timeout=SOCKET_SECONDS)
        return RedisBroker(client, middleware)
    if scheme in {"amqp", "amqps"}:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        # Without confirms a message that RabbitMQ never took is lost without a word.
        return RabbitmqBroker(url=url, middleware=middleware, confirm_delivery=True)
    raise ValueError(f"BROKER_URL must begin with memory://, redis:// or amqp://, not {scheme or 'nothing'}://.")
