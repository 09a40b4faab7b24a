"""Inputs of the mutations on event types."""

import strawberry
from strawberry.scalars import JSON

from app.event_types.drafts import EventTypeChanges, EventTypeDraft, KeepingChanges
from app.event_types.kept import MAX_DAYS, MAX_POINTERS
from graph.enums import KeepBodies


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
    keep_bodies: list[KeepBodies] | None = strawberry.field(
        description="Rules for how long bodies are kept, all of which apply. Retention alone decides if omitted."
    )
    keep_bodies_days: int | None = strawberry.field(description=f"Number of days for the rule DAYS, 1 to {MAX_DAYS}.")
    redact: list[str] | None = strawberry.field(
        description="JSON Pointers (RFC 6901) into the body of a request or a JSON response, e.g. /data/customer/email,"
        f" to mask in what attempts show and store; at most {MAX_POINTERS}."
    )

    def draft(self) -> EventTypeDraft:
        keeping = KeepingChanges(self.keep_bodies, self.keep_bodies_days, self.redact)
        return EventTypeDraft(self.name, self.description, self.json_schema, self.example, keeping)


@strawberry.input(
    description="Input of `updateEventType`. A field that is null or omitted stays unchanged. Of a built-in"
    " event type, only `archived`, `keepBodies`, `keepBodiesDays` and `redact` can be changed."
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
    keep_bodies: list[KeepBodies] | None = strawberry.field(
        description="Rules for how long bodies are kept, all of which apply. An empty list leaves it to retention."
    )
    keep_bodies_days: int | None = strawberry.field(description=f"Number of days for the rule DAYS, 1 to {MAX_DAYS}.")
    redact: list[str] | None = strawberry.field(
        description="JSON Pointers (RFC 6901) into the body of a request or a JSON response, e.g. /data/customer/email,"
        f" to mask in what attempts show and store; at most {MAX_POINTERS}. An empty list ends it for later attempts."
    )

    def changes(self) -> EventTypeChanges:
        keeping = KeepingChanges(self.keep_bodies, self.keep_bodies_days, self.redact)
        return EventTypeChanges(self.description, self.json_schema, self.example, self.archived, keeping)
