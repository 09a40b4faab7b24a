"""agent.error."""

from app.catalogue.cast import ARIA
from app.catalogue.json_schema import boolean, choice, count, integer, nullable, record, shared, string
from app.catalogue.shared import built_in

_CATEGORIES = ["model_timeout", "rate_limited", "tool_failure", "knowledge_unavailable", "validation", "internal"]

_ERROR = record(
    "What went wrong.",
    {
        "code": nullable(string("The error in a word, for example `find_payments_unreachable`.")),
        "category": nullable(choice("The kind of error.", _CATEGORIES)),
        "message": nullable(string("The error in a sentence, for people.")),
        "retryable": nullable(boolean("Whether trying again may help.")),
        "provider": nullable(string("Whose service failed, where it was one's outside the platform.")),
        "httpStatus": nullable(integer("The HTTP status that the service answered with, where it did.")),
        "attempt": nullable(count("Which attempt this was, from 1.")),
        "maxAttempts": nullable(count("How many attempts there are at most.")),
    },
)

_IMPACT = record(
    "What the customer noticed.",
    {
        "customerVisible": nullable(boolean("Whether the customer saw anything of it.")),
        "fallbackUsed": nullable(boolean("Whether something else was said instead.")),
        "fallbackMessageId": nullable(string("The id of the message that was sent instead.")),
    },
)

AGENT_ERROR = built_in(
    "agent.error",
    "An AI agent ran into an error.",
    subject="agent",
    fields={
        "agent": shared("Agent", "The AI agent."),
        "conversationId": nullable(string("The id of the conversation; null or absent where it was in none.")),
        "error": _ERROR,
        "impact": nullable(_IMPACT),
        "traceId": nullable(string("The id to quote to support: it finds the error in the platform's traces.")),
    },
    example={
        "agent": ARIA,
        "conversationId": "conv_7f3k2m",
        "error": {
            "code": "find_payments_unreachable",
            "category": "tool_failure",
            "message": "The tool find_payments answered with 503 Service Unavailable.",
            "retryable": True,
            "provider": "payments.example.com",
            "httpStatus": 503,
            "attempt": 2,
            "maxAttempts": 3,
        },
        "impact": {"customerVisible": True, "fallbackUsed": True, "fallbackMessageId": "msg_3b8y1q"},
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
    },
)
