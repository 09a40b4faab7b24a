"""ticket.created."""

from app.catalogue.cast import QUESTION, TICKET
from app.catalogue.json_schema import choice, nullable, record, shared, string
from app.catalogue.shared import built_in

_CREATED_FROM = record(
    "What it was made from.",
    {
        "type": nullable(choice("The kind of origin.", ["conversation", "email", "form", "api"])),
        "conversationId": nullable(string("The id of the conversation, where it was one.")),
    },
)

TICKET_CREATED = built_in(
    "ticket.created",
    "A new support ticket was made.",
    subject="ticket",
    fields={
        "ticket": shared("Ticket", "The new ticket."),
        "initialMessage": nullable(shared("Message", "The message that it was made from, where there was one.")),
        "createdFrom": nullable(_CREATED_FROM),
    },
    example={
        "ticket": TICKET,
        "initialMessage": QUESTION,
        "createdFrom": {"type": "conversation", "conversationId": "conv_7f3k2m"},
    },
)
