"""Work over many rows to be begun."""

import strawberry

from graph.inputs.filters import DeliveryFilter, TimeRange

_DRY_RUN = "Whether only to say how many there are."


@strawberry.input(description="Deliveries that are to be tried again.")
class RetryDeliveriesInput:
    filter: DeliveryFilter = strawberry.field(
        description="Which deliveries; those that SUCCEEDED only where it names that status."
    )
    dry_run: bool | None = strawberry.field(default=False, description=_DRY_RUN)


@strawberry.input(description="Deliveries that are to be given up.")
class CancelDeliveriesInput:
    filter: DeliveryFilter = strawberry.field(description="Which deliveries; only open ones can be given up.")
    dry_run: bool | None = strawberry.field(default=False, description=_DRY_RUN)


@strawberry.input(description="Past events that are to be sent to one webhook.")
class ReplayEventsInput:
    webhook_id: strawberry.ID = strawberry.field(description="Which webhook.")
    time: TimeRange = strawberry.field(description="When the events were published.")
    event_types: list[str] | None = strawberry.field(
        description="Only those of one of these event types: names or patterns. Null or left out: all it asks for."
    )
    only_missing: bool | None = strawberry.field(default=True, description="Whether to send only those it never got.")
    dry_run: bool | None = strawberry.field(default=False, description=_DRY_RUN)
