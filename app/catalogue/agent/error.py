"""agent.error."""

from app.catalogue.cast import ARIA
from app.catalogue.json_schema import boolean, choice, count, integer, nullable, record, shared, string
from app.catalogue.shared import built_in

_CATEGORIES = ["model_timeout", "rate_limited", "tool_failure", "knowledge_unavailable", "validation", "internal"]

_ERROR = record(
    "The error.",
    {
        "code": nullable(string("Error code, for example `find_payments_unreachable`.")),
        "category": nullable(choice("Kind of error.", _CATEGORIES)),
        "message": nullable(string("Error message for people.")),
        "retryable": nullable(boolean("Whether a retry may succeed.")),
        "provider": nullable(string("Provider of the service that failed, if it is external to the platform.")),
        "httpStatus": nullable(integer("HTTP status of the service's response, if there was one.")),
        "attempt": nullable(count("Number of the attempt, starting at 1.")),
        "maxAttempts": nullable(count("Maximum number of attempts.")),
    },
)

_IMPACT = record(
    "Impact on the customer.",
    {
        "customerVisible": nullable(boolean("Whether the error was visible to the customer.")),
        "fallbackUsed": nullable(boolean("Whether a fallback answer was sent.")),
        "fallbackMessageId": nullable(string("ID of the fallback message.")),
    },
)

AGENT_ERROR = built_in(
    "agent.error",
    "An AI agent encountered an error.",
    subject="agent",
    fields={
        "agent": shared("Agent", "The AI agent."),
        "conversationId": nullable(string("ID of the conversation; null or absent if there is none.")),
        "error": _ERROR,
        "impact": nullable(_IMPACT),
        "traceId": nullable(string("Trace ID to quote to support.")),
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
