"""Inputs of the mutations that publish events, and of those on one delivery."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON
from strawberry.types.base import get_object_definition

from app.publishing.draft import EventDraft
from app.trace_context import TraceContext


@strawberry.input(description="An event to publish.")
class PublishEventInput:
    type: str = strawberry.field(description="Name of the event type.")
    data: JSON = strawberry.field(
        description="Payload of the event: an object, valid against the schema of the event type."
    )
    occurred_at: datetime | None = strawberry.field(description="Time at which the event happened; now if omitted.")
    idempotency_key: str | None = strawberry.field(
        description="Idempotency key: publishing with the same key and content again returns the first event."
    )
    ordering_key: str | None = strawberry.field(
        description="Ordering key: deliveries of one webhook with the same key are sent one after another, in the"
        " order published. While one is being retried, later ones wait, by default for at most a day."
    )

    def draft(self, trace: TraceContext | None) -> EventDraft:
        return EventDraft(self.type, self.data, self.occurred_at, self.idempotency_key, self.ordering_key, trace)


@strawberry.input(description="Input of `publishEvents`. Either all events are published or none.")
class PublishEventsInput:
    events: list[PublishEventInput] = strawberry.field(description="The events to publish, 1 to 1000.")


def _event(given: Mapping[str, Any]) -> PublishEventInput:
    return PublishEventInput(
        type=given["type"],
        data=given["data"],
        occurred_at=given.get("occurredAt"),
        idempotency_key=given.get("idempotencyKey"),
        ordering_key=given.get("orderingKey"),
    )


# Converting as Strawberry does takes 15 µs more for each event (docs/adr/0019-reaches-into-libraries-are-listed.md).
get_object_definition(PublishEventInput, strict=True).from_input = lambda _, given, __: _event(given)
get_object_definition(PublishEventsInput, strict=True).from_input = lambda _, given, __: PublishEventsInput(
    events=[_event(event) for event in given["events"]]
)


@strawberry.input(description="Identifies a delivery.")
class DeliveryIdInput:
    id: strawberry.ID = strawberry.field(description="ID of the delivery.")
