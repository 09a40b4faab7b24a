"""ticket.created."""

from app.catalogue.cast import QUESTION, TICKET
from app.catalogue.json_schema import choice, nullable, record, shared, string
from app.catalogue.shared import built_in

_CREATED_FROM = record(
    "Origin of the ticket.",
    {
        "type": nullable(choice("Kind of origin.", ["conversation", "email", "form", "api"])),
        "conversationId": nullable(string("ID of the conversation, if the ticket was created from one.")),
    },
)

TICKET_CREATED = built_in(
    "ticket.created",
    "A new support ticket was created.",
    subject="ticket",
    fields={
        "ticket": shared("Ticket", "The new ticket."),
        "initialMessage": nullable(shared("Message", "Message that the ticket was created from, if there was one.")),
        "createdFrom": nullable(_CREATED_FROM),
    },
    example={
        "ticket": TICKET,
        "initialMessage": QUESTION,
        "createdFrom": {"type": "conversation", "conversationId": "conv_7f3k2m"},
    },
)
