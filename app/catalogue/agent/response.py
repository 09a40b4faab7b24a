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
        "type": nullable(string("What it is, for example `article`, `document` or `ticket`.")),
        "id": nullable(string("Its id.")),
        "title": nullable(string("Its title.")),
        "url": nullable(url("Where to read it.")),
        "score": nullable(number("How well it fitted; higher is better.")),
    },
)

_TOOL_USE = record(
    "One use of a tool.",
    {
        "name": nullable(string("The tool's name.")),
        "status": nullable(string("How it ended, for example `succeeded` or `failed`.")),
        "durationMs": nullable(duration("How long it took, in milliseconds.")),
    },
)

_AI = record(
    "How the answer came about.",
    {
        "model": nullable(string("The model that wrote it.")),
        "promptTokens": nullable(count("Tokens read.")),
        "completionTokens": nullable(count("Tokens written.")),
        "latencyMs": nullable(duration("Milliseconds from the question to the whole answer.")),
        "confidence": nullable(share("How sure the agent was of its answer.")),
        "intent": nullable(intent("What the customer wanted, as the agent understood it.")),
        "language": nullable(string("The language of the answer, a BCP 47 tag such as `en`.")),
        "sources": list_of(_SOURCE, "What the answer rests on, best first."),
        "toolsUsed": list_of(_TOOL_USE, "The tools used on the way, in order."),
        "guardrails": list_of(string("A guardrail's name."), "The guardrails that stepped in."),
    },
)

AGENT_RESPONSE = built_in(
    "agent.response",
    "An AI agent gave an answer.",
    subject="agent",
    fields={
        "agent": shared("Agent", "The AI agent."),
        "conversationId": nullable(string("The id of the conversation.")),
        "ticketId": nullable(string("The id of the ticket, where there is one.")),
        "message": nullable(shared("Message", "The answer.")),
        "ai": nullable(_AI),
        "isFinal": nullable(boolean("Whether the answer is whole; false for a part of one that goes on.")),
        "inReplyToMessageId": nullable(string("The id of the message that it answers.")),
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
