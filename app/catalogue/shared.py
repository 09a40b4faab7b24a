"""The objects that many payloads share (who, where, what was said, the conversation and the ticket themselves), and the
one way in which a built-in event type is put together from them.

An event carries a snapshot: the object as it was when the event happened. Only the platform's own records (agents,
conversations, tickets) have an id that must be there: a customer may be known by `externalId` or by an address alone,
and of a message the channel may have given no more than the text.
"""

from collections.abc import Mapping
from typing import Any

from app.catalogue.event_type import EventCategory, EventType
from app.catalogue.json_schema import (
    Schema,
    boolean,
    choice,
    count,
    either,
    email,
    identifier,
    integer,
    list_of,
    mapping,
    nullable,
    number,
    record,
    self_contained,
    share,
    shared,
    string,
    timestamp,
    url,
)

TICKET_STATUSES = ("new", "open", "pending", "on_hold", "resolved", "closed")


def sentiment(description: str) -> Schema:
    """How somebody feels about it, as a word and as a number."""
    return record(
        description,
        {
            "label": nullable(string("Sentiment label, for example `positive`, `neutral` or `negative`.")),
            "score": nullable(
                number("Sentiment score, from -1 (angry) to 1 (delighted).") | {"minimum": -1, "maximum": 1}
            ),
        },
    )


def intent(description: str) -> Schema:
    """What somebody wants, as the AI understood it."""
    return record(
        description,
        {
            "name": nullable(string("Name of the intent, for example `billing.duplicate_charge`.")),
            "score": nullable(share("Confidence of the classifier.")),
        },
    )


def updated_fields(of: str) -> Schema:
    """The names that go with `changes`."""
    return list_of(string("Name of a changed field."), f"The names of the {of}'s fields that changed.")


def affected_services() -> Schema:
    """The services of the platform that something touches."""
    return list_of(string("A service."), "Affected services of the platform.")


def change(description: str) -> Schema:
    """One field before and after."""
    return record(
        description,
        {
            "from": {"description": "Old value; null if there was none."},
            "to": {"description": "New value; null if it was removed."},
        },
    )


def author(description: str) -> Schema:
    """Somebody on either side of a conversation."""
    return either(description, {"$ref": "#/$defs/Agent"}, {"$ref": "#/$defs/Customer"})


CUSTOMER = record(
    "A customer who contacts support.",
    {
        "id": identifier("ID of the customer."),
        "externalId": nullable(string("ID of the customer in your own system, if you provided one.")),
        "name": nullable(string("Full name.")),
        "email": nullable(email("E-mail address.")),
        "phone": nullable(string("Phone number, in E.164 form if it could be parsed.")),
        "locale": nullable(string("Preferred locale, a BCP 47 tag such as `en-GB`.")),
        "timezone": nullable(string("Time zone, an IANA name such as `Europe/London`.")),
        "tags": list_of(string("A tag."), "Tags of the customer."),
        "customAttributes": mapping("Custom attributes defined by your organisation, by name."),
    },
)

AGENT = record(
    "An agent: a person of your team or an AI agent.",
    {
        "id": identifier("ID of the agent."),
        "type": choice("Whether the agent is a person or an AI.", ["human", "ai"]),
        "name": nullable(string("Name shown to customers.")),
        "email": nullable(email("E-mail address; null for AI agents.")),
        "teamId": nullable(string("ID of the agent's team.")),
        "model": nullable(string("Model of an AI agent; null or absent for people.")),
    },
    required=["id"],
)

CHANNEL = record(
    "The channel through which a conversation arrived.",
    {
        "id": identifier("ID of the channel."),
        "type": choice("Kind of channel.", ["web_chat", "email", "whatsapp", "sms", "voice", "api"]),
        "name": nullable(string("Name of the channel, chosen by your team.")),
    },
)

_ATTACHMENT = record(
    "A file sent with a message.",
    {
        "id": identifier("ID of the attachment."),
        "name": nullable(string("File name.")),
        "mimeType": nullable(string("Media type, for example `application/pdf`.")),
        "sizeBytes": nullable(count("Size in bytes.")),
        "url": nullable(url("Download URL of the file. It is signed, so treat it as a secret.")),
        "expiresAt": nullable(timestamp("Time at which `url` expires.")),
    },
)

MESSAGE = record(
    "One message of a conversation.",
    {
        "id": identifier("ID of the message."),
        "author": nullable(author("Author of the message; null for system messages.")),
        "role": nullable(string("Role of the author: `customer`, `agent`, `ai` or `system`.")),
        "body": nullable(string("Text of the message; null if there are only attachments.")),
        "bodyFormat": nullable(string("Format of `body`: `text`, `markdown` or `html`.")),
        "attachments": list_of(_ATTACHMENT, "Files sent with the message."),
        "createdAt": timestamp("Time at which the message was written."),
    },
)

CONVERSATION = record(
    "A conversation with a customer, as it was when the event happened.",
    {
        "id": identifier("ID of the conversation."),
        "number": nullable(integer("Number shown to your team.")),
        "subject": nullable(string("Subject.")),
        "status": choice("Status.", ["open", "pending", "snoozed", "closed"]),
        "priority": nullable(string("Priority: `low`, `normal`, `high`, `urgent`, or a custom value.")),
        "channel": nullable(shared("Channel", "Channel through which the conversation arrived.")),
        "customer": nullable(shared("Customer", "The customer.")),
        "assignee": nullable(shared("Agent", "Current assignee; null if there is none.")),
        "teamId": nullable(string("ID of the responsible team.")),
        "tags": list_of(string("A tag."), "Tags of the conversation."),
        "language": nullable(string("Language, a BCP 47 tag such as `en`.")),
        "sentiment": nullable(sentiment("Sentiment of the customer.")),
        "ticketId": nullable(string("ID of the ticket created from the conversation.")),
        "messageCount": count("Number of messages."),
        "unreadCount": count("Number of messages that no agent has read."),
        "aiHandled": nullable(boolean("Whether only AI agents have answered so far.")),
        "csat": nullable(number("Rating by the customer, usually 1 (worst) to 5 (best); null until there is one.")),
        "slaBreachAt": nullable(
            timestamp("Time at which the service level agreement is breached unless somebody answers.")
        ),
        "firstResponseAt": nullable(timestamp("Time of the first answer.")),
        "lastMessageAt": nullable(timestamp("Time of the last message.")),
        "createdAt": timestamp("Time at which the conversation started."),
        "updatedAt": timestamp("Time of the last change."),
        "closedAt": nullable(timestamp("Time at which the conversation was closed; null while it is open.")),
        "customAttributes": mapping("Custom attributes defined by your organisation, by name."),
        "url": nullable(url("URL for your team.")),
    },
    required=["id"],
)

_SLA = record(
    "The service level agreement that applies.",
    {
        "policyId": nullable(string("ID of the policy.")),
        "firstResponseDueAt": nullable(timestamp("Time at which the first answer is due.")),
        "resolutionDueAt": nullable(timestamp("Time at which the resolution is due.")),
        "breached": nullable(boolean("Whether a due time was missed.")),
    },
)

TICKET = record(
    "A support ticket, as it was when the event happened.",
    {
        "id": identifier("ID of the ticket."),
        "number": nullable(integer("Number shown to your team.")),
        "externalId": nullable(string("ID of the ticket in your own system, if you provided one.")),
        "subject": nullable(string("Subject, in one line.")),
        "description": nullable(string("Full description.")),
        "status": choice("Status.", TICKET_STATUSES),
        "priority": nullable(choice("Priority.", ["low", "normal", "high", "urgent"])),
        "type": nullable(choice("Kind of ticket.", ["question", "incident", "problem", "task"])),
        "category": nullable(string("Category, as defined by your organisation.")),
        "requester": nullable(shared("Customer", "The customer.")),
        "assignee": nullable(shared("Agent", "Current assignee; null if there is none.")),
        "teamId": nullable(string("ID of the responsible team.")),
        "conversationId": nullable(string("ID of the conversation that the ticket was created from.")),
        "tags": list_of(string("A tag."), "Tags of the ticket."),
        "dueAt": nullable(timestamp("Due time.")),
        "sla": nullable(_SLA),
        "createdVia": nullable(string("Source of the ticket, for example `conversation`, `email` or `api`.")),
        "customFields": mapping("Custom fields defined by your organisation, by name."),
        "createdAt": timestamp("Time of creation."),
        "updatedAt": timestamp("Time of the last change."),
        "resolvedAt": nullable(timestamp("Time of the last resolution; null while the ticket is unresolved.")),
        "reopenCount": count("Number of times the ticket was reopened."),
        "url": nullable(url("URL for your team.")),
    },
    required=["id"],
)

DEFINITIONS: Mapping[str, Schema] = {
    "Conversation": CONVERSATION,
    "Ticket": TICKET,
    "Message": MESSAGE,
    "Agent": AGENT,
    "Customer": CUSTOMER,
    "Channel": CHANNEL,
}


def built_in(
    name: str,
    description: str,
    *,
    subject: str,
    fields: Mapping[str, Schema],
    example: Mapping[str, Any],
    category: EventCategory | None = None,
) -> EventType:
    """The event type `name`, by default in the category that its first segment names. Its payload has `fields`, of
    which only `subject`, the object that the event is about, must be there."""
    schema = {"title": name} | record(description, fields, required=[subject])
    return EventType(
        name=name,
        category=category or EventCategory(name.partition(".")[0].upper()),
        description=description,
        json_schema=self_contained(schema, DEFINITIONS),
        example=example,
    )
