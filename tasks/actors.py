"""The one actor."""

from collections.abc import Callable

import dramatiq
from dramatiq.broker import Broker

QUEUE = "deliveries"


def declare_deliver(broker: Broker, ask: Callable[[list[str]], object]) -> dramatiq.Actor[[list[str]], None]:
    """Declare the actor `deliver` on a broker. Its message names webhooks with due deliveries.

    Args:
        broker: the broker that carries its messages.
        ask: has the pipeline claim what is due of these webhooks; returns at once, and may be called in any thread.
    """

    def deliver(webhook_ids: list[str]) -> None:
        # It does not wait for the claim, so the next wake-ups go into the same one.
        ask(webhook_ids)

    return dramatiq.actor(broker=broker, queue_name=QUEUE)(deliver)
