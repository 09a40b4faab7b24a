"""conversation.closed."""

from app.catalogue.cast import CONVERSATION_WITH_SAM
from app.catalogue.json_schema import choice, duration, nullable, number, record, shared, string
from app.catalogue.shared import built_in

_RESOLUTION = record(
    "How the conversation ended.",
    {
        "resolvedBy": nullable(choice("Whether an AI agent or a person resolved the conversation.", ["ai", "human"])),
        "summary": nullable(string("Summary of the resolution, in a sentence or two.")),
        "resolutionSeconds": nullable(duration("Time from the start to the end of the conversation, in seconds.")),
        "firstResponseSeconds": nullable(
            duration("Time from the start of the conversation to the first answer, in seconds.")
        ),
        "handleSeconds": nullable(duration("Time that agents worked on the conversation, in seconds.")),
    },
)

_CSAT = record(
    "The customer's satisfaction rating.",
    {
        "score": nullable(number("Rating, usually 1 (worst) to 5 (best).")),
        "comment": nullable(string("Comment by the customer.")),
    },
)

CONVERSATION_CLOSED = built_in(
    "conversation.closed",
    "A conversation was closed.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The closed conversation."),
        "closedBy": nullable(string("Who closed the conversation: the ID of an agent or a customer, or `system`.")),
        "closeReason": nullable(
            choice("Reason the conversation was closed.", ["resolved", "inactive", "spam", "duplicate", "merged"])
        ),
        "resolution": nullable(_RESOLUTION),
        "csat": nullable(_CSAT),
    },
    example={
        "conversation": CONVERSATION_WITH_SAM
        | {
            "status": "closed",
            "sentiment": {"label": "positive", "score": 0.64},
            "ticketId": "tkt_9d2x6c",
            "messageCount": 9,
            "unreadCount": 0,
            "csat": 5,
            "slaBreachAt": None,
            "lastMessageAt": "2026-11-23T11:14:02.118Z",
            "updatedAt": "2026-11-23T11:15:12.204Z",
            "closedAt": "2026-11-23T11:15:12.204Z",
        },
        "closedBy": "agt_sam",
        "closeReason": "resolved",
        "resolution": {
            "resolvedBy": "human",
            "summary": "The second payment of INV-3391 was refunded.",
            "resolutionSeconds": 4620,
            "firstResponseSeconds": 3.677,
            "handleSeconds": 1340,
        },
        "csat": {"score": 5, "comment": "Quick and friendly, thank you."},
    },
)
