"""agent.response."""

from app.catalogue.cast import ANSWER, ARIA
from app.catalogue.json_schema import (
    boolean,
    count,
    duration,
    list_of,
    nullable,
    number,
    record,
    share,
    shared,
    string,
    url,
)
from app.catalogue.shared import built_in, intent

_SOURCE = record(
    "A source.",
    {
        "type": nullable(string("Kind of source, for example `article`, `document` or `ticket`.")),
        "id": nullable(string("ID of the source.")),
        "title": nullable(string("Title of the source.")),
        "url": nullable(url("URL of the source.")),
        "score": nullable(number("Relevance score; higher is better.")),
    },
)

_TOOL_USE = record(
    "A tool call.",
    {
        "name": nullable(string("Name of the tool.")),
        "status": nullable(string("Result of the call, for example `succeeded` or `failed`.")),
        "durationMs": nullable(duration("Duration in milliseconds.")),
    },
)

_AI = record(
    "How the answer was generated.",
    {
        "model": nullable(string("Model that generated the answer.")),
        "promptTokens": nullable(count("Number of prompt tokens.")),
        "completionTokens": nullable(count("Number of completion tokens.")),
        "latencyMs": nullable(duration("Time from the question to the complete answer, in milliseconds.")),
        "confidence": nullable(share("Confidence of the agent in its answer.")),
        "intent": nullable(intent("Intent of the customer, as understood by the agent.")),
        "language": nullable(string("Language of the answer, a BCP 47 tag such as `en`.")),
        "sources": list_of(_SOURCE, "Sources of the answer, best first."),
        "toolsUsed": list_of(_TOOL_USE, "Tool calls, in order."),
        "guardrails": list_of(string("Name of a guardrail."), "Guardrails that were triggered."),
    },
)

AGENT_RESPONSE = built_in(
    "agent.response",
    "An AI agent answered.",
    subject="agent",
    fields={
        "agent": shared("Agent", "The AI agent."),
        "conversationId": nullable(string("ID of the conversation.")),
        "ticketId": nullable(string("ID of the ticket, if there is one.")),
        "message": nullable(shared("Message", "The answer.")),
        "ai": nullable(_AI),
        "isFinal": nullable(boolean("Whether the answer is complete; false for a part of a longer one.")),
        "inReplyToMessageId": nullable(string("ID of the message that is answered.")),
    },
    example={
        "agent": ARIA,
        "conversationId": "conv_7f3k2m",
        "ticketId": None,
        "message": ANSWER,
        "ai": {
            "model": "support-large-2",
            "promptTokens": 1834,
            "completionTokens": 96,
            "latencyMs": 3677,
            "confidence": 0.83,
            "intent": {"name": "billing.duplicate_charge", "score": 0.94},
            "language": "en",
            "sources": [
                {
                    "type": "article",
                    "id": "art_5w2n9j",
                    "title": "Why you may see two payments",
                    "url": "https://help.example.com/articles/two-payments",
                    "score": 0.88,
                }
            ],
            "toolsUsed": [{"name": "find_payments", "status": "succeeded", "durationMs": 412}],
            "guardrails": ["no_refund_promise"],
        },
        "isFinal": True,
        "inReplyToMessageId": "msg_1c9p3v",
    },
)
