"""The broker over Redis."""

from dramatiq.common import dq_name

from tasks.broker import make_broker
from tasks.redis import DELAYED_POLL_MS


def test_delayed_messages_are_asked_for_less_often_than_others(redis_url: str) -> None:
    broker = make_broker(redis_url)

    delayed = broker.consume(dq_name("deliveries"), timeout=50)
    others = broker.consume("deliveries", timeout=50)

    assert (vars(delayed)["timeout"], vars(others)["timeout"]) == (DELAYED_POLL_MS, 50)
    broker.close()
