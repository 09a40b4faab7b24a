"""Inputs of the mutations on event types."""

import strawberry
from strawberry.scalars import JSON

from app.event_types.drafts import EventTypeChanges, EventTypeDraft


@strawberry.input(description="Input of `createEventType`.")
class CreateEventTypeInput:
    name: str = strawberry.field(description="Dotted name in lower case, e.g. order.shipped.")
    description: str = strawberry.field(description="What an event of this type reports.")
    json_schema: JSON | None = strawberry.field(
        description="JSON Schema (2020-12) of the payload's `data`; any object is valid if omitted."
    )
    example: JSON | None = strawberry.field(
        description="A realistic example of `data`, valid against the schema; an empty object if omitted."
    )

    def draft(self) -> EventTypeDraft:
        return EventTypeDraft(self.name, self.description, self.json_schema, self.example)


@strawberry.input(
    description="Input of `updateEventType`. A field that is null or omitted stays unchanged. A built-in event"
    " type can only be archived."
)
class UpdateEventTypeInput:
    name: str = strawberry.field(description="Name of the event type to change.")
    description: str | None = strawberry.field(description="What an event of this type reports.")
    json_schema: JSON | None = strawberry.field(
        description="JSON Schema (2020-12) of the payload's `data`. Events published earlier stay unchanged."
    )
    example: JSON | None = strawberry.field(description="A realistic example of `data`, valid against the schema.")
    archived: bool | None = strawberry.field(
        description="Whether the event type is archived. An archived type can no longer be"
        " published or selected by webhooks."
    )

    def changes(self) -> EventTypeChanges:
        return EventTypeChanges(self.description, self.json_schema, self.example, self.archived)
