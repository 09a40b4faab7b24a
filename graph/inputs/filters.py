"""The inputs that narrow a list. Their meaning in SQL is in `graph.listings`, for updates in `graph.following`."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from app.delivery import filter as domain
from graph.enums import DeliveryStatus, WebhookStatus
from graph.errors import BadUserInput

# More than there are built-in event types, and few enough for one statement.
MAX_VALUES = 100

_ANY = "Null or left out: any. An empty list: none."


def require_few(name: str, values: Sequence[str] | None) -> None:
    """Raise `BadUserInput` where a list in a filter is too long for a statement."""
    if values is not None and len(values) > MAX_VALUES:
        raise BadUserInput(f"The filter's {name} has {len(values)} values; at most {MAX_VALUES} are taken.")


@strawberry.input(description="From when to when. By the time of creation, to the millisecond.")
class TimeRange:
    since: datetime | None = strawberry.field(description="From this moment on; null or left out: from the beginning.")
    until: datetime | None = strawberry.field(description="Before this moment; null or left out: without end.")

    def asked(self) -> domain.TimeRange:
        return domain.TimeRange(self.since, self.until)


@strawberry.input(description="Which webhooks. All conditions that are given must be met.")
class WebhookFilter:
    statuses: list[WebhookStatus] | None = strawberry.field(description=f"Those with one of these statuses. {_ANY}")
    event_type: str | None = strawberry.field(
        description="Those that ask for this event type, by its name or by a pattern."
    )
    search: str | None = strawberry.field(
        description="Those with this text in their name, URL or description, whatever the case."
    )


@strawberry.input(description="Which events. All conditions that are given must be met.")
class EventFilter:
    types: list[str] | None = strawberry.field(
        description=f'Those of one of these event types: names or patterns, e.g. "ticket.*". {_ANY}'
    )
    time: TimeRange | None = strawberry.field(description="Those published in this time.")
    idempotency_key: str | None = strawberry.field(description="The one published with this idempotency key.")
    include_tests: bool | None = strawberry.field(
        description="Whether to show the events of pings too; they are left out by default."
    )


@strawberry.input(description="Which deliveries. All conditions that are given must be met.")
class DeliveryFilter:
    webhook_id: strawberry.ID | None = strawberry.field(description="Those to this webhook, even where it is deleted.")
    event_id: strawberry.ID | None = strawberry.field(description="Those of this event.")
    event_types: list[str] | None = strawberry.field(
        description=f'Those of events of one of these types: names or patterns, e.g. "ticket.*". {_ANY}'
    )
    statuses: list[DeliveryStatus] | None = strawberry.field(description=f"Those with one of these statuses. {_ANY}")
    time: TimeRange | None = strawberry.field(description="Those made in this time.")

    def few(self) -> domain.DeliveryFilter:
        """For a list or updates; raises `BadUserInput` where it is too much for them."""
        require_few("eventTypes", self.event_types)
        return self.asked()

    def asked(self) -> domain.DeliveryFilter:
        """For an operation, which says itself what is wrong."""
        time = None if self.time is None else self.time.asked()
        return domain.DeliveryFilter(self.webhook_id, self.event_id, self.event_types, self.statuses, time)
