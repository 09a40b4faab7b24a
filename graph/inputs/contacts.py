"""Inputs of the mutations on contacts."""

import strawberry

from app.contacts.validation import ContactDraft
from graph.enums import ContactKind


@strawberry.input(description="Input of `createContact`.")
class CreateContactInput:
    kind: ContactKind = strawberry.field(description="How the contact receives alerts.")
    target: str = strawberry.field(
        description="Where messages go: an email address, the URL of an incoming webhook of Slack (or of what takes the"
        " same format), or the URL of your own receiver."
    )
    events: list[str] = strawberry.field(
        description="Names and patterns of event types of the category OPERATIONAL that the contact receives, e.g."
        " webhook.disabled, webhook.* or * for all."
    )

    def draft(self) -> ContactDraft:
        return ContactDraft(self.kind, self.target, self.events)


@strawberry.input(description="Identifies a contact.")
class ContactIdInput:
    id: strawberry.ID = strawberry.field(description="ID of the contact.")
