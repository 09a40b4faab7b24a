"""conversation.created."""

from app.catalogue.cast import ARIA, CONVERSATION, QUESTION
from app.catalogue.json_schema import mapping, nullable, record, shared, string
from app.catalogue.shared import built_in

_SOURCE = record(
    "Where the customer was when the conversation began.",
    {
        "pageUrl": nullable(string("The address of the page, as the browser gave it.")),
        "referrer": nullable(string("The page before that one, as the browser gave it.")),
        "utm": nullable(
            mapping(
                "The campaign parameters of the page's address, by name without `utm_`.", {"type": ["string", "null"]}
            )
        ),
        "userAgent": nullable(string("The browser's or the app's own words about itself.")),
        "ipCountry": nullable(string("The country of the customer's address, ISO 3166-1 alpha-2.")),
    },
)

_ROUTING = record(
    "How it found who answers.",
    {
        "queueId": nullable(string("The id of the queue that it went into.")),
        "strategy": nullable(string("The rule that chose, for example `ai_first` or `round_robin`.")),
    },
)

CONVERSATION_CREATED = built_in(
    "conversation.created",
    "A new conversation began.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The new conversation."),
        "firstMessage": nullable(shared("Message", "The message that began it; null where nobody has written yet.")),
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
