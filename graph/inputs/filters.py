"""The inputs that narrow a list. Their meaning in SQL is in `graph.listings`, for updates in `graph.following`."""

from collections.abc import Sequence
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from app import delivery_filter as domain
from graph.enums import AttemptOutcome, DeliveryStatus, HealthState, OrderDirection, WebhookOrderField, WebhookStatus
from graph.errors import BadUserInput
from graph.inputs.search import DataCondition, IntRange, data_conditions, searched

# More than there are built-in event types, and few enough for one statement.
MAX_VALUES = 100


_SEARCH = (
    "Finds {}, or by text in the event's body, ignoring case. A page looks for text in a limited number of items;"
    " `searchedUntil` says how far."
)
ANY = "Null or omitted matches any; an empty list matches none."


def require_few(name: str, values: Sequence[str] | None) -> None:
    """Raise `BadUserInput` if a list in a filter is too long for a statement."""
    if values is not None and len(values) > MAX_VALUES:
        raise BadUserInput(f"The filter's {name} has {len(values)} values; at most {MAX_VALUES} are taken.")


@strawberry.input(description="A range of creation times, with a precision of one millisecond.")
class TimeRange:
    since: datetime | None = strawberry.field(
        description="Start of the range, inclusive; unbounded if null or omitted."
    )
    until: datetime | None = strawberry.field(description="End of the range, exclusive; unbounded if null or omitted.")

    def asked(self) -> domain.TimeRange:
        return domain.TimeRange(self.since, self.until)


@strawberry.input(description="Conditions on webhooks. A webhook must meet all conditions that are given.")
class WebhookFilter:
    statuses: list[WebhookStatus] | None = strawberry.field(
        description=f"Matches webhooks with one of these statuses. {ANY}"
    )
    event_type: str | None = strawberry.field(
        description="Matches webhooks that receive this event type, selected by name or by pattern."
    )
    search: str | None = strawberry.field(
        description="Matches webhooks with this text in their name, URL or description, ignoring case."
    )
    health: list[HealthState] | None = strawberry.field(
        description=f"Matches webhooks that are in one of these states now. {ANY}", default=None
    )
    metadata: JSON | None = strawberry.field(
        description="JSON object. Matches webhooks whose metadata has each of its keys with an equal value.",
        default=None,
    )
    external_ids: list[str] | None = strawberry.field(
        description=f"Matches webhooks with one of these external IDs. {ANY}", default=None
    )


@strawberry.input(description="Order of a list of webhooks. A cursor is only valid with the order it was made with.")
class WebhookOrder:
    field: WebhookOrderField = strawberry.field(description="What is compared.")
    direction: OrderDirection = strawberry.field(description="Whether the list ascends or descends.")


@strawberry.input(description="Conditions on events. An event must meet all conditions that are given.")
class EventFilter:
    types: list[str] | None = strawberry.field(
        description=f'Matches events of one of these event types: names or patterns, e.g. "ticket.*". {ANY}'
    )
    time: TimeRange | None = strawberry.field(description="Matches events published in this time range.")
    data: list[DataCondition] | None = strawberry.field(
        description="Matches events whose data meets all of these conditions.", default=None
    )
    search: str | None = strawberry.field(description=_SEARCH.format("events by their ID"), default=None)
    idempotency_key: str | None = strawberry.field(description="Matches the event published with this idempotency key.")
    include_tests: bool | None = strawberry.field(
        description="Whether to include test events, which are left out by default."
    )


@strawberry.input(description="Conditions on entries of the audit log. An entry must meet all that are given.")
class AuditFilter:
    subject_id: strawberry.ID | None = strawberry.field(
        description="Matches changes of this object: an ID, or the name of an event type."
    )
    actor_id: str | None = strawberry.field(
        description="Matches changes made by the actor with this ID: an API key, or a person whom a token acts for."
    )
    actions: list[str] | None = strawberry.field(
        description=f"Matches entries with one of these actions, e.g. webhook.updated. {ANY}"
    )
    time: TimeRange | None = strawberry.field(description="Matches entries of this time range.")


@strawberry.input(description="Conditions on deliveries. A delivery must meet all conditions that are given.")
class DeliveryFilter:
    webhook_id: strawberry.ID | None = strawberry.field(
        description="Matches deliveries to this webhook, even if it has been deleted."
    )
    event_id: strawberry.ID | None = strawberry.field(description="Matches deliveries of this event.")
    event_types: list[str] | None = strawberry.field(
        description=f'Matches deliveries of events of one of these types: names or patterns, e.g. "ticket.*". {ANY}'
    )
    statuses: list[DeliveryStatus] | None = strawberry.field(
        description=f"Matches deliveries with one of these statuses. {ANY}"
    )
    time: TimeRange | None = strawberry.field(description="Matches deliveries created in this time range.")
    ids: list[strawberry.ID] | None = strawberry.field(
        description=f"Matches deliveries with one of these IDs. {ANY}", default=None
    )
    outcomes: list[AttemptOutcome] | None = strawberry.field(
        description=f"Matches deliveries whose last attempt had one of these outcomes. {ANY}", default=None
    )
    response_status: IntRange | None = strawberry.field(
        description="Matches deliveries whose last attempt was answered with an HTTP status in this range.",
        default=None,
    )
    include_tests: bool | None = strawberry.field(
        description="Whether to include pings, which lists and updates include by default.", default=None
    )
    data: list[DataCondition] | None = strawberry.field(
        description="Matches deliveries of events whose data meets all of these conditions.", default=None
    )
    search: str | None = strawberry.field(
        description=_SEARCH.format("deliveries by their ID or that of their event or webhook"),
        default=None,
    )

    def few(self) -> domain.DeliveryFilter:
        """For a list or updates; raises `BadUserInput` if it has too many values for them."""
        require_few("eventTypes", self.event_types)
        require_few("ids", self.ids)
        return self.asked()

    def asked(self) -> domain.DeliveryFilter:
        """For an operation, which reports problems itself."""
        time = None if self.time is None else self.time.asked()
        status = self.response_status
        return domain.DeliveryFilter(
            webhook_id=self.webhook_id,
            event_id=self.event_id,
            event_types=self.event_types,
            statuses=self.statuses,
            time=time,
            ids=self.ids,
            outcomes=self.outcomes,
            response_status=None if status is None else status.of_statuses(),
            include_tests=self.include_tests,
            data=data_conditions(self.data),
            search=searched(self.search),
        )
