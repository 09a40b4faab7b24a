"""ticket.reopened."""

from app.catalogue.cast import RESOLVED_TICKET
from app.catalogue.json_schema import choice, count, duration, nullable, record, shared, string, timestamp
from app.catalogue.shared import TICKET_STATUSES, built_in

_REOPEN = record(
    "How the ticket was reopened.",
    {
        "reopenedBy": nullable(string("Who reopened the ticket: the ID of an agent or a customer, or `system`.")),
        "reason": nullable(string("Reason, for example `customer_reply`.")),
        "previousStatus": nullable(choice("Previous status.", TICKET_STATUSES)),
        "previouslyResolvedAt": nullable(timestamp("Time at which the ticket had been resolved.")),
        "secondsSinceResolved": nullable(duration("Time since then, in seconds.")),
        "reopenCount": nullable(count("Number of times the ticket was reopened, including this one.")),
        "triggerMessageId": nullable(string("ID of the message that reopened the ticket, if there was one.")),
    },
)

TICKET_REOPENED = built_in(
    "ticket.reopened",
    "A resolved ticket was reopened.",
    subject="ticket",
    fields={
        "ticket": shared("Ticket", "The reopened ticket."),
        "reopen": nullable(_REOPEN),
    },
    example={
        "ticket": RESOLVED_TICKET
        | {
            "status": "open",
            "updatedAt": "2026-11-24T08:30:09.330Z",
            "resolvedAt": None,
            "reopenCount": 1,
        },
        "reopen": {
            "reopenedBy": "cus_4h8t2n",
            "reason": "customer_reply",
            "previousStatus": "resolved",
            "previouslyResolvedAt": "2026-11-23T11:12:09.330Z",
            "secondsSinceResolved": 76680,
            "reopenCount": 1,
            "triggerMessageId": "msg_9k3u6z",
        },
    },
)
