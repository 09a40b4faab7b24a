"""The one actor. A shell: fetch the pipeline, call it, nothing else."""

from collections.abc import Callable

import dramatiq
from dramatiq.broker import Broker

from app.delivery.pipeline import Pipeline

QUEUE = "deliveries"


def declare_deliver(broker: Broker, pipeline: Callable[[], Pipeline]) -> dramatiq.Actor[[list[str]], None]:
    """Declare the actor `deliver` on a broker. Its message names webhooks that have something due.

    It only asks. An actor that waited for the claim would hold its thread, and there are few of them: the next wake-ups
    would queue up behind it instead of going into the same claim.
    """

    async def deliver(webhook_ids: list[str]) -> None:
        pipeline().ask(webhook_ids)

    return dramatiq.actor(broker=broker, queue_name=QUEUE)(deliver)
