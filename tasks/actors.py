"""The one actor. A shell: fetch the pipeline, call it, nothing else."""

from collections.abc import Callable

import dramatiq
from dramatiq.broker import Broker

from app.delivery.pipeline import Pipeline

QUEUE = "deliveries"


def declare_deliver(broker: Broker, pipeline: Callable[[], Pipeline]) -> dramatiq.Actor[[list[str]], None]:
    """Declare the actor `deliver` on a broker. Its message names webhooks that have something due.

    It returns once the deliveries are claimed and their sending has begun: an actor that waited for slow receivers
    would hold its thread, and a few of them would stop everybody else's deliveries.
    """

    async def deliver(webhook_ids: list[str]) -> None:
        await pipeline().attempt(webhook_ids)

    return dramatiq.actor(broker=broker, queue_name=QUEUE)(deliver)
