"""Event types: what can happen."""

import strawberry
from strawberry.scalars import JSON

from app.publishing.registry import KnownEventType
from graph.enums import EventCategory


@strawberry.type(description="One kind of event, built in or made by the workspace.")
class EventType:
    name: str = strawberry.field(description="Its dotted name, e.g. ticket.created.")
    category: EventCategory = strawberry.field(description="The part of the platform that it speaks about.")
    description: str = strawberry.field(description="What has happened when it is published.")
    json_schema: JSON = strawberry.field(description="The JSON Schema (2020-12) of the payload's `data`.")
    example: JSON = strawberry.field(description="A realistic `data`, valid by the schema.")
    archived: bool = strawberry.field(description="Whether it can no longer be published or newly selected.")

    @classmethod
    def from_known(cls, known: KnownEventType) -> "EventType":
        event_type = known.event_type
        return cls(
            name=event_type.name,
            category=event_type.category,
            description=event_type.description,
            json_schema=JSON(event_type.json_schema),
            example=JSON(event_type.example),
            archived=known.archived,
        )
