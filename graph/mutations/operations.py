"""Mutations that start operations on many deliveries or events."""

import strawberry

from app.operations import bulk, erase, replay
from app.operations.begin import Matched
from app.operations.cancel import cancel_operation
from graph.context import Info
from graph.inputs.operations import (
    CancelDeliveriesInput,
    EraseDataInput,
    OperationIdInput,
    ReplayEventsInput,
    RetryDeliveriesInput,
)
from graph.mutations.payload import Input, Payload, mutation
from graph.types.operation import Operation


@strawberry.type
class _OperationPayload(Payload):
    matched: int | None = strawberry.field(default=None, description="Number of deliveries or events that matched.")
    operation: Operation | None = strawberry.field(
        default=None, description="The background operation; null for a dry run."
    )


@strawberry.type(description="Payload of `retryDeliveries`.")
class RetryDeliveriesPayload(_OperationPayload):
    pass


@strawberry.type(description="Payload of `cancelDeliveries`.")
class CancelDeliveriesPayload(_OperationPayload):
    pass


@strawberry.type(description="Payload of `replayEvents`.")
class ReplayEventsPayload(_OperationPayload):
    pass


@strawberry.type(description="Payload of `eraseData`.")
class EraseDataPayload(Payload):
    matched: int | None = strawberry.field(
        default=None,
        description="Number of events that matched; null if too many events have to be read to count them first.",
    )
    operation: Operation | None = strawberry.field(
        default=None, description="The background operation; null for a dry run."
    )


@strawberry.type(description="Payload of `cancelOperation`.")
class CancelOperationPayload(Payload):
    operation: Operation | None = strawberry.field(default=None, description="The operation after the change.")


@strawberry.type
class OperationMutations:
    @mutation("Retries many deliveries in the background and restarts their retry schedules. Needs MANAGE.")
    async def retry_deliveries(self, info: Info, input: Input[RetryDeliveriesInput]) -> RetryDeliveriesPayload:
        asked = None if input.filter is None else input.filter.asked()
        matched = await bulk.retry_deliveries(
            info.context.resources, info.context.caller, asked, bool(input.dry_run), problem_id=input.problem_id
        )
        return RetryDeliveriesPayload(matched=matched.matched, operation=_begun(matched))

    @mutation("Cancels many pending or retrying deliveries in the background. Needs MANAGE.")
    async def cancel_deliveries(self, info: Info, input: Input[CancelDeliveriesInput]) -> CancelDeliveriesPayload:
        matched = await bulk.cancel_deliveries(
            info.context.resources, info.context.caller, input.filter.asked(), dry_run=bool(input.dry_run)
        )
        return CancelDeliveriesPayload(matched=matched.matched, operation=_begun(matched))

    @mutation("Sends past events to a webhook that selects them, in the background. Needs MANAGE.")
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

    @mutation(
        "Erases the bodies of matching events and the requests and responses of their attempts, in the background, and"
        " cancels their open deliveries. Counts stay. This cannot be undone. Needs ADMIN."
    )
    async def erase_data(self, info: Info, input: Input[EraseDataInput]) -> EraseDataPayload:
        erasing = await erase.erase_data(
            info.context.resources, info.context.caller, input.asked(), dry_run=bool(input.dry_run)
        )
        operation = None if erasing.operation is None else Operation.from_model(erasing.operation)
        return EraseDataPayload(matched=erasing.matched, operation=operation)

    @mutation("Stops a running operation. What it has done so far stays. Needs MANAGE.")
    async def cancel_operation(self, info: Info, input: Input[OperationIdInput]) -> CancelOperationPayload:
        operation = await cancel_operation(info.context.resources, info.context.caller, input.id)
        return CancelOperationPayload(operation=Operation.from_model(operation))


def _begun(matched: Matched) -> Operation | None:
    return None if matched.operation is None else Operation.from_model(matched.operation)
