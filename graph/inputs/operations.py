"""Inputs of the mutations that start operations."""

import strawberry

from app.operations.erase import Asked
from graph.inputs.filters import DeliveryFilter, TimeRange
from graph.inputs.search import DataCondition

_DRY_RUN = "Whether only to count the matches, without starting the operation."


@strawberry.input(description="Identifies an operation.")
class OperationIdInput:
    id: strawberry.ID = strawberry.field(description="ID of the operation.")


@strawberry.input(description="Input of `retryDeliveries`.")
class RetryDeliveriesInput:
    filter: DeliveryFilter | None = strawberry.field(
        description="Selects the deliveries to retry. Succeeded deliveries are included only if the filter names"
        " SUCCEEDED. Required unless `problemId` is given.",
        default=None,
    )
    problem_id: strawberry.ID | None = strawberry.field(
        description="Retries all deliveries that this problem affects. Instead of a filter.", default=None
    )
    dry_run: bool | None = strawberry.field(default=False, description=_DRY_RUN)


@strawberry.input(description="Input of `cancelDeliveries`.")
class CancelDeliveriesInput:
    filter: DeliveryFilter = strawberry.field(
        description="Selects the deliveries to cancel. Only pending and retrying deliveries can be canceled."
    )
    dry_run: bool | None = strawberry.field(default=False, description=_DRY_RUN)


@strawberry.input(description="Input of `replayEvents`.")
class ReplayEventsInput:
    webhook_id: strawberry.ID = strawberry.field(description="ID of the webhook that receives the events.")
    time: TimeRange = strawberry.field(description="Time range in which the events were published.")
    event_types: list[str] | None = strawberry.field(
        description="Event types to replay: names or patterns; all that the webhook receives if null or omitted."
    )
    only_missing: bool | None = strawberry.field(
        default=True, description="Whether to send only events that the webhook has not received."
    )
    dry_run: bool | None = strawberry.field(default=False, description=_DRY_RUN)


@strawberry.input(
    description="Input of `eraseData`. Events match if everything that is given is true of them; give at least one."
)
class EraseDataInput:
    webhook_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="ID of a webhook: erases the attempts of its deliveries, and the events that no other webhook was"
        " meant to receive. It may be deleted.",
    )
    event_ids: list[strawberry.ID] | None = strawberry.field(
        default=None, description="IDs of events, at most 1,000. IDs that do not exist are ignored."
    )
    data: list[DataCondition] | None = strawberry.field(
        default=None, description="Values in the events' data; all of them must match."
    )
    dry_run: bool | None = strawberry.field(default=False, description=_DRY_RUN)

    def asked(self) -> Asked:
        """What to erase.

        Raises:
            Rejected: a condition cannot be compared.
        """
        data = None if self.data is None else [one.asked("data", str(index)) for index, one in enumerate(self.data)]
        return Asked(self.webhook_id, self.event_ids, data)
