"""conversation.created."""

from app.catalogue.cast import ARIA, CONVERSATION, QUESTION
from app.catalogue.json_schema import mapping, nullable, record, shared, string
from app.catalogue.shared import built_in

_SOURCE = record(
    "Where the customer started the conversation.",
    {
        "pageUrl": nullable(string("URL of the page, as reported by the browser.")),
        "referrer": nullable(string("URL of the referring page, as reported by the browser.")),
        "utm": nullable(
            mapping("Campaign parameters of the page's URL, by name without `utm_`.", {"type": ["string", "null"]})
        ),
        "userAgent": nullable(string("User agent of the browser or app.")),
        "ipCountry": nullable(string("Country of the customer's IP address (ISO 3166-1 alpha-2).")),
    },
)

_ROUTING = record(
    "How the conversation was routed.",
    {
        "queueId": nullable(string("ID of the queue that the conversation was assigned to.")),
        "strategy": nullable(string("Routing strategy, for example `ai_first` or `round_robin`.")),
    },
)

CONVERSATION_CREATED = built_in(
    "conversation.created",
    "A new conversation was started.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The new conversation."),
        "firstMessage": nullable(shared("Message", "First message; null if there is none yet.")),
        "source": nullable(_SOURCE),
        "routing": nullable(_ROUTING),
    },
    example={
        "conversation": CONVERSATION
        | {
            "sentiment": None,
            "messageCount": 1,
            "unreadCount": 1,
            "assignee": ARIA,
            "firstResponseAt": None,
            "lastMessageAt": "2026-11-23T09:58:12.204Z",
            "updatedAt": "2026-11-23T09:58:12.204Z",
        },
        "firstMessage": QUESTION,
        "source": {
            "pageUrl": "https://shop.example.com/invoices/INV-3391",
            "referrer": "https://shop.example.com/account",
            "utm": {"source": "newsletter", "medium": "email", "campaign": "november"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "ipCountry": "GB",
        },
        "routing": {"queueId": "que_front", "strategy": "ai_first"},
    },
)
