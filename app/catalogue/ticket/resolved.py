"""ticket.resolved."""

from app.catalogue.cast import RESOLVED_TICKET
from app.catalogue.json_schema import boolean, duration, nullable, record, shared, string
from app.catalogue.shared import built_in

_RESOLUTION = record(
    "How the ticket was resolved.",
    {
        "resolvedBy": nullable(string("Who resolved the ticket: the ID of an agent, or `system`.")),
        "code": nullable(string("Resolution code of your organisation, for example `refunded`.")),
        "summary": nullable(string("Summary of the resolution, in a sentence or two.")),
        "resolutionSeconds": nullable(duration("Time from creation to resolution, in seconds.")),
        "businessSeconds": nullable(duration("The part of that time within business hours, in seconds.")),
        "slaMet": nullable(boolean("Whether the service level agreement was met.")),
        "aiResolved": nullable(boolean("Whether an AI agent resolved the ticket without a person.")),
    },
)

TICKET_RESOLVED = built_in(
    "ticket.resolved",
    "A ticket was marked as resolved.",
    subject="ticket",
    fields={
        "ticket": shared("Ticket", "The resolved ticket."),
        "resolution": nullable(_RESOLUTION),
        "csatRequested": nullable(boolean("Whether the requester was asked for a rating.")),
    },
    example={
        "ticket": RESOLVED_TICKET,
        "resolution": {
            "resolvedBy": "agt_sam",
            "code": "refunded",
            "summary": "The second payment of INV-3391 was refunded.",
            "resolutionSeconds": 4149.2,
            "businessSeconds": 4149.2,
            "slaMet": True,
            "aiResolved": False,
        },
        "csatRequested": True,
    },
)
