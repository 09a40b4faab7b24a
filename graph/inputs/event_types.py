"""Event types to be made and changed."""

import strawberry
from strawberry.scalars import JSON

from app.event_types.drafts import EventTypeChanges, EventTypeDraft


@strawberry.input(description="An event type of the workspace's own.")
class CreateEventTypeInput:
    name: str = strawberry.field(description="Its dotted name, in lower case, e.g. order.shipped.")
    description: str = strawberry.field(description="What has happened when it is published.")
    json_schema: JSON | None = strawberry.field(
        description="The JSON Schema (2020-12) of the payload's `data`; any object fits, where left out."
    )
    example: JSON | None = strawberry.field(
        description="A realistic `data`, valid by the schema; the empty object, where left out."
    )

    def draft(self) -> EventTypeDraft:
        return EventTypeDraft(self.name, self.description, self.json_schema, self.example)


@strawberry.input(
    description="Changes of an event type. What is null or left out stays. A built-in one can only be archived."
)
class UpdateEventTypeInput:
    name: str = strawberry.field(description="Which event type.")
    description: str | None = strawberry.field(description="What has happened when it is published.")
    json_schema: JSON | None = strawberry.field(
        description="The JSON Schema (2020-12) of the payload's `data`. What was published stays as it was."
    )
    example: JSON | None = strawberry.field(description="A realistic `data`, valid by the schema.")
    archived: bool | None = strawberry.field(description="Whether it can no longer be published or newly selected.")

    def changes(self) -> EventTypeChanges:
        return EventTypeChanges(self.description, self.json_schema, self.example, self.archived)
