"""Beginning work over many rows."""

import strawberry

from app.operations import replay, steering
from app.operations.begin import Matched
from graph.context import Info
from graph.inputs.operations import CancelDeliveriesInput, ReplayEventsInput, RetryDeliveriesInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.operation import Operation


@strawberry.type
class _OperationPayload(Payload):
    matched: int | None = strawberry.field(default=None, description="How many rows there are to work on.")
    operation: Operation | None = strawberry.field(
        default=None, description="The work that goes on in the background; null for a dry run."
    )


@strawberry.type(description="What became of retryDeliveries.")
class RetryDeliveriesPayload(_OperationPayload):
    pass


@strawberry.type(description="What became of cancelDeliveries.")
class CancelDeliveriesPayload(_OperationPayload):
    pass


@strawberry.type(description="What became of replayEvents.")
class ReplayEventsPayload(_OperationPayload):
    pass


@strawberry.type
class OperationMutations:
    @mutation("Tries many deliveries again, in the background; their retry schedules start over. Needs MANAGE.")
    async def retry_deliveries(self, info: Info, input: Input[RetryDeliveriesInput]) -> RetryDeliveriesPayload:
        matched = await steering.retry_deliveries(
            info.context.resources, info.context.caller, input.filter.asked(), dry_run=bool(input.dry_run)
        )
        return RetryDeliveriesPayload(matched=matched.matched, operation=_begun(matched))

    @mutation("Gives up many deliveries that are pending or being retried, in the background. Needs MANAGE.")
    async def cancel_deliveries(self, info: Info, input: Input[CancelDeliveriesInput]) -> CancelDeliveriesPayload:
        matched = await steering.cancel_deliveries(
            info.context.resources, info.context.caller, input.filter.asked(), dry_run=bool(input.dry_run)
        )
        return CancelDeliveriesPayload(matched=matched.matched, operation=_begun(matched))

    @mutation("Sends past events to a webhook that asks for them, in the background. Needs MANAGE.")
    async def replay_events(self, info: Info, input: Input[ReplayEventsInput]) -> ReplayEventsPayload:
        matched = await replay.replay_events(
            info.context.resources,
            info.context.caller,
            input.webhook_id,
            input.time.asked(),
            input.event_types,
            only_missing=input.only_missing is not False,
            dry_run=bool(input.dry_run),
        )
        return ReplayEventsPayload(matched=matched.matched, operation=_begun(matched))


def _begun(matched: Matched) -> Operation | None:
    return None if matched.operation is None else Operation.from_model(matched.operation)
