"""Events to be published, and deliveries to be steered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import JSON
from strawberry.types.base import get_object_definition

from app.publishing.draft import EventDraft


@strawberry.input(description="An event that happened.")
class PublishEventInput:
    type: str = strawberry.field(description="The name of its event type.")
    data: JSON = strawberry.field(description="Its payload: an object, valid by the schema of the event type.")
    occurred_at: datetime | None = strawberry.field(description="When it happened; now, where left out.")
    idempotency_key: str | None = strawberry.field(
        description="Publishing with the same key and content again gives the first event back."
    )
    ordering_key: str | None = strawberry.field(
        description="Deliveries of one webhook with the same key go out one after another, in the order published:"
        " while one is retried, later ones wait for it, but for a day at most, where the server has no other setting."
    )

    def draft(self) -> EventDraft:
        return EventDraft(self.type, self.data, self.occurred_at, self.idempotency_key, self.ordering_key)


@strawberry.input(description="Events that are published together: all or none.")
class PublishEventsInput:
    events: list[PublishEventInput] = strawberry.field(description="1 to 1000 events.")


def _event(given: Mapping[str, Any]) -> PublishEventInput:
    return PublishEventInput(
        type=given["type"],
        data=given["data"],
        occurred_at=given.get("occurredAt"),
        idempotency_key=given.get("idempotencyKey"),
        ordering_key=given.get("orderingKey"),
    )


# What Strawberry would make of the inputs, which takes it 15 µs for each event.
get_object_definition(PublishEventInput, strict=True).from_input = lambda _, given, __: _event(given)
get_object_definition(PublishEventsInput, strict=True).from_input = lambda _, given, __: PublishEventsInput(
    events=[_event(event) for event in given["events"]]
)


@strawberry.input(description="Which delivery.")
class DeliveryIdInput:
    id: strawberry.ID = strawberry.field(description="Its id.")
