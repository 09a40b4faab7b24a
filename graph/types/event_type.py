"""Event types."""

import strawberry
from strawberry.scalars import JSON

from app.registry import KnownEventType
from graph.enums import EventCategory, KeepBodies
from graph.types.node import Node


@strawberry.type(description="A kind of event, either built in or created by the workspace.")
class EventType(Node):
    name: str = strawberry.field(description="Dotted name, e.g. ticket.created.")
    category: EventCategory = strawberry.field(description="The part of the platform that the event type belongs to.")
    description: str = strawberry.field(description="What an event of this type reports.")
    json_schema: JSON = strawberry.field(description="JSON Schema (2020-12) of the payload's `data`.")
    example: JSON = strawberry.field(description="A realistic example of `data`, valid against the schema.")
    archived: bool = strawberry.field(
        description="Whether the event type is archived. An archived type can no longer be"
        " published or selected by webhooks."
    )
    keep_bodies: list[KeepBodies] = strawberry.field(
        description="Rules for how long bodies are kept, all of which apply; empty if retention alone decides."
    )
    keep_bodies_days: int | None = strawberry.field(
        description="Number of days that bodies are kept; null if `keepBodies` does not contain DAYS."
    )
    redact: list[str] = strawberry.field(
        description="JSON Pointers (RFC 6901) into the body of a request or a JSON response, e.g. /data/customer/email:"
        " what attempts show and store is masked there. Receivers get the full values."
    )

    @classmethod
    def from_known(cls, known: KnownEventType) -> "EventType":
        event_type = known.event_type
        return cls(
            id=strawberry.ID(known.id),
            name=event_type.name,
            category=event_type.category,
            description=event_type.description,
            json_schema=JSON(event_type.json_schema),
            example=JSON(event_type.example),
            archived=known.archived,
            keep_bodies=list(known.keeping.rules),
            keep_bodies_days=known.keeping.days,
            redact=list(known.keeping.redact),
        )
