"""Contacts."""

from datetime import datetime

import strawberry

from app.models import Contact as ContactModel
from graph.enums import ContactKind
from graph.types.node import Node


@strawberry.type(
    description="Where people receive alerts: events of the category OPERATIONAL. A contact gets at most one"
    " message an hour about a webhook, which sums up what happened since the last one."
)
class Contact(Node):
    kind: ContactKind = strawberry.field(description="How the contact receives alerts.")
    target: str = strawberry.field(
        description="Email address or URL that messages go to. Parts of a URL that give access are masked."
    )
    events: list[str] = strawberry.field(description="Names and patterns of the event types that the contact receives.")
    created_at: datetime = strawberry.field(description="Time of creation.")
    last_told_at: datetime | None = strawberry.field(
        description="Time at which a message last went out, tests included; null if none did."
    )
    last_error: str | None = strawberry.field(
        description="Why the last message did not go out, as a sentence; null if it did. Messages are retried for more"
        " than a day."
    )

    @classmethod
    def from_model(cls, model: ContactModel) -> "Contact":
        return cls(
            id=strawberry.ID(model.id),
            kind=model.kind,
            target=model.target,
            events=model.events,
            created_at=model.created_at,
            last_told_at=model.last_told_at,
            last_error=model.last_error,
        )
