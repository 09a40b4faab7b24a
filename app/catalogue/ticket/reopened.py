"""ticket.reopened."""

from app.catalogue.cast import RESOLVED_TICKET
from app.catalogue.json_schema import choice, count, duration, nullable, record, shared, string, timestamp
from app.catalogue.shared import TICKET_STATUSES, built_in

_REOPEN = record(
    "How it came back.",
    {
        "reopenedBy": nullable(string("Who reopened it: the id of an agent or a customer, or `system`.")),
        "reason": nullable(string("Why, for example `customer_reply`.")),
        "previousStatus": nullable(choice("The status that it had before.", TICKET_STATUSES)),
        "previouslyResolvedAt": nullable(timestamp("When it had been resolved.")),
        "secondsSinceResolved": nullable(duration("Seconds since then.")),
        "reopenCount": nullable(count("How often it was reopened, this time included.")),
        "triggerMessageId": nullable(string("The id of the message that brought it back, where there was one.")),
    },
)

TICKET_REOPENED = built_in(
    "ticket.reopened",
    "A resolved ticket was opened again.",
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
