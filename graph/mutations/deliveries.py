"""Mutations that retry and cancel one delivery."""

import strawberry

from app.operations import one_delivery
from graph.context import Info
from graph.finding import find_delivery
from graph.inputs.events import DeliveryIdInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.records import Delivery


@strawberry.type(description="Payload of `retryDelivery`.")
class RetryDeliveryPayload(Payload):
    delivery: Delivery | None = strawberry.field(default=None, description="The delivery after the change.")


@strawberry.type(description="Payload of `cancelDelivery`.")
class CancelDeliveryPayload(Payload):
    delivery: Delivery | None = strawberry.field(default=None, description="The delivery after the change.")


@strawberry.type
class DeliveryMutations:
    @mutation(
        "Retries a delivery now, whatever its status, and restarts its retry schedule. If its webhook is DISABLED,"
        " makes a single attempt, which changes neither the delivery nor the webhook's health unless it succeeds. Needs"
        " MANAGE."
    )
    async def retry_delivery(self, info: Info, input: Input[DeliveryIdInput]) -> RetryDeliveryPayload:
        resources = info.context.resources
        await one_delivery.retry_delivery(resources, resources.pipeline, info.context.caller, input.id)
        return RetryDeliveryPayload(delivery=await find_delivery(info.context, input.id))

    @mutation("Cancels a delivery that is pending or being retried. Needs MANAGE.")
    async def cancel_delivery(self, info: Info, input: Input[DeliveryIdInput]) -> CancelDeliveryPayload:
        await one_delivery.cancel_delivery(info.context.resources, info.context.caller, input.id)
        return CancelDeliveryPayload(delivery=await find_delivery(info.context, input.id))
