"""Chooses the broker by its URL. Connects lazily: making a broker opens nothing."""

from urllib.parse import urlsplit

from dramatiq import Middleware
from dramatiq.broker import Broker
from dramatiq.middleware import AgeLimit

from tasks.in_process import InProcessBroker
from tasks.runner import LoopTimeLimit

# A wake-up that waited longer than this has been overtaken by the sweep many times.
MAX_AGE_MS = 60_000
# An actor only asks for a claim; one that takes this long is stuck, and the sweep does its work meanwhile.
TIME_LIMIT_MS = 60_000
# A Redis that says nothing for so long is away. Consumers wait in it for a part of this.
SOCKET_SECONDS = 5


def make_broker(url: str, extra: list[Middleware] | None = None) -> Broker:
    """A broker for a `memory://`, `redis://`, `rediss://`, `amqp://` or `amqps://` URL, with `extra` middleware.

    Retries are left out on purpose: a failed wake-up is not repeated, since the sweep finds what it was about.

    Raises:
        ValueError: another scheme.
    """
    scheme = urlsplit(url).scheme
    middleware = [AgeLimit(max_age=MAX_AGE_MS), LoopTimeLimit(TIME_LIMIT_MS), *(extra or [])]
    if scheme == "memory":
        return InProcessBroker(middleware)
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
