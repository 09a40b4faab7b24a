"""Chooses the broker by its URL. Connects lazily: making a broker opens nothing."""

from urllib.parse import urlsplit

from dramatiq import Middleware
from dramatiq.broker import Broker
from dramatiq.middleware import TimeLimit

from tasks.in_process import InProcessBroker

# An actor only asks for a claim; one that takes this long is stuck, and the sweep does its work meanwhile.
TIME_LIMIT_MS = 60_000
# A Redis that is silent for this long is away. Consumers' blocking reads last for a part of it.
SOCKET_SECONDS = 5


def make_broker(url: str, extra: list[Middleware] | None = None) -> Broker:
    """A broker for a `memory://`, `redis://`, `rediss://`, `amqp://` or `amqps://` URL, with `extra` middleware.

    No middleware retries messages, because the sweep finds the deliveries of a failed wake-up. None rejects messages,
    because RabbitMQ keeps a rejected message as a dead letter.

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

        # Without confirms, a message that RabbitMQ did not accept is lost silently.
        return RabbitmqBroker(url=url, middleware=middleware, confirm_delivery=True)
    raise ValueError(f"BROKER_URL must begin with memory://, redis:// or amqp://, not {scheme or 'nothing'}://.")
