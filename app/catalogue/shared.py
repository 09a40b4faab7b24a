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
            "label": nullable(string("The mood in a word, for example `positive`, `neutral` or `negative`.")),
            "score": nullable(
                number("The mood as a number, from -1 (angry) to 1 (delighted).") | {"minimum": -1, "maximum": 1}
            ),
        },
    )


def intent(description: str) -> Schema:
    """What somebody wants, as the AI understood it."""
    return record(
        description,
        {
            "name": nullable(string("The intent's name, for example `billing.duplicate_charge`.")),
            "score": nullable(share("How sure the classifier was.")),
        },
    )


def updated_fields(of: str) -> Schema:
    """The names that go with `changes`."""
    return list_of(string("The name of a changed field."), f"The names of the {of}'s fields that changed.")


def affected_services() -> Schema:
    """The services of the platform that something touches."""
    return list_of(string("A service."), "The services of the platform that it touches.")


def change(description: str) -> Schema:
    """One field before and after."""
    return record(
        description,
        {
            "from": {"description": "The value before; null where there was none."},
            "to": {"description": "The value now; null where it was taken away."},
        },
    )


def author(description: str) -> Schema:
    """Somebody on either side of a conversation."""
    return either(description, {"$ref": "#/$defs/Agent"}, {"$ref": "#/$defs/Customer"})


CUSTOMER = record(
    "A person who asks for support.",
    {
        "id": identifier("The customer's id."),
        "externalId": nullable(string("The customer's id in your own system, if you gave one.")),
        "name": nullable(string("The full name.")),
        "email": nullable(email("The e-mail address.")),
        "phone": nullable(string("The phone number, E.164 where it could be read as such.")),
        "locale": nullable(string("The preferred locale, a BCP 47 tag such as `en-GB`.")),
        "timezone": nullable(string("The time zone by its IANA name, such as `Europe/London`.")),
        "tags": list_of(string("A tag."), "The tags on the customer."),
        "customAttributes": mapping("Attributes that your organisation defined, by name."),
    },
)

AGENT = record(
    "Who answers: a person of your team or an AI agent.",
    {
        "id": identifier("The agent's id."),
        "type": choice("Whether a person or an AI answers.", ["human", "ai"]),
        "name": nullable(string("The name that customers see.")),
        "email": nullable(email("The e-mail address; null for AI agents.")),
        "teamId": nullable(string("The id of the team that the agent belongs to.")),
        "model": nullable(string("The model that an AI agent runs on; null or absent for people.")),
    },
    required=["id"],
)

CHANNEL = record(
    "The way by which a conversation reached you.",
    {
        "id": identifier("The channel's id."),
        "type": choice("The kind of channel.", ["web_chat", "email", "whatsapp", "sms", "voice", "api"]),
        "name": nullable(string("The name that your team gave the channel.")),
    },
)

_ATTACHMENT = record(
    "A file sent with a message.",
    {
        "id": identifier("The attachment's id."),
        "name": nullable(string("The file's name.")),
        "mimeType": nullable(string("The media type, for example `application/pdf`.")),
        "sizeBytes": nullable(count("The size in bytes.")),
        "url": nullable(url("Where to download the file; signed, so treat it as a secret.")),
        "expiresAt": nullable(timestamp("When `url` stops working.")),
    },
)

MESSAGE = record(
    "One message of a conversation.",
    {
        "id": identifier("The message's id."),
        "author": nullable(author("Who wrote it; null for messages of the system.")),
        "role": nullable(string("The author's part in the conversation: `customer`, `agent`, `ai` or `system`.")),
        "body": nullable(string("The text; null where there are only attachments.")),
        "bodyFormat": nullable(string("How to read `body`: `text`, `markdown` or `html`.")),
        "attachments": list_of(_ATTACHMENT, "The files sent with it."),
        "createdAt": timestamp("When it was written."),
    },
)

CONVERSATION = record(
    "A conversation with a customer, as it was when the event happened.",
    {
        "id": identifier("The conversation's id."),
        "number": nullable(integer("The number that your team sees.")),
        "subject": nullable(string("What it is about.")),
        "status": choice("Where it stands.", ["open", "pending", "snoozed", "closed"]),
        "priority": nullable(string("How urgent it is: `low`, `normal`, `high` or `urgent`, or a word of your own.")),
        "channel": nullable(shared("Channel", "How it reached you.")),
        "customer": nullable(shared("Customer", "Who asks.")),
        "assignee": nullable(shared("Agent", "Who answers now; null while nobody does.")),
        "teamId": nullable(string("The id of the team that it belongs to.")),
        "tags": list_of(string("A tag."), "The tags on the conversation."),
        "language": nullable(string("The language spoken in it, a BCP 47 tag such as `en`.")),
        "sentiment": nullable(sentiment("How the customer feels.")),
        "ticketId": nullable(string("The id of the ticket made from it.")),
        "messageCount": count("How many messages it has."),
        "unreadCount": count("How many of them no agent has read."),
        "aiHandled": nullable(boolean("Whether an AI agent alone has answered so far.")),
        "csat": nullable(number("The customer's rating, usually 1 (worst) to 5 (best); null until there is one.")),
        "slaBreachAt": nullable(timestamp("When the service level agreement is broken unless somebody answers.")),
        "firstResponseAt": nullable(timestamp("When the first answer was given.")),
        "lastMessageAt": nullable(timestamp("When the last message was written.")),
        "createdAt": timestamp("When it began."),
        "updatedAt": timestamp("When it last changed."),
        "closedAt": nullable(timestamp("When it was closed; null while it is not.")),
        "customAttributes": mapping("Attributes that your organisation defined, by name."),
        "url": nullable(url("Where your team can open it.")),
    },
    required=["id"],
)

_SLA = record(
    "The service level agreement that applies.",
    {
        "policyId": nullable(string("The id of the policy.")),
        "firstResponseDueAt": nullable(timestamp("When the first answer is due.")),
        "resolutionDueAt": nullable(timestamp("When the resolution is due.")),
        "breached": nullable(boolean("Whether a due time has passed unmet.")),
    },
)

TICKET = record(
    "A support ticket, as it was when the event happened.",
    {
        "id": identifier("The ticket's id."),
        "number": nullable(integer("The number that your team sees.")),
        "externalId": nullable(string("The ticket's id in your own system, if you gave one.")),
        "subject": nullable(string("What it is about, in a line.")),
        "description": nullable(string("What it is about, in full.")),
        "status": choice("Where it stands.", TICKET_STATUSES),
        "priority": nullable(choice("How urgent it is.", ["low", "normal", "high", "urgent"])),
        "type": nullable(choice("What kind of work it is.", ["question", "incident", "problem", "task"])),
        "category": nullable(string("The category that your organisation files it under.")),
        "requester": nullable(shared("Customer", "Who asks.")),
        "assignee": nullable(shared("Agent", "Who works on it; null while nobody does.")),
        "teamId": nullable(string("The id of the team that it belongs to.")),
        "conversationId": nullable(string("The id of the conversation that it came from.")),
        "tags": list_of(string("A tag."), "The tags on the ticket."),
        "dueAt": nullable(timestamp("When it should be done.")),
        "sla": nullable(_SLA),
        "createdVia": nullable(string("By which way it was made, for example `conversation`, `email` or `api`.")),
        "customFields": mapping("Fields that your organisation defined, by name."),
        "createdAt": timestamp("When it was made."),
        "updatedAt": timestamp("When it last changed."),
        "resolvedAt": nullable(timestamp("When it was last resolved; null while it is not.")),
        "reopenCount": count("How often it was reopened."),
        "url": nullable(url("Where your team can open it.")),
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
    name: str, description: str, *, subject: str, fields: Mapping[str, Schema], example: Mapping[str, Any]
) -> EventType:
    """The event type `name`, in the category that its first segment names. Its payload has `fields`, of which only
    `subject`, the object that the event is about, must be there."""
    schema = {"title": name} | record(description, fields, required=[subject])
    return EventType(
        name=name,
        category=EventCategory(name.partition(".")[0].upper()),
        description=description,
        json_schema=self_contained(schema, DEFINITIONS),
        example=example,
    )
