"""conversation.escalated: the conversation moved. That an AI agent asked for it is agent.escalation, same id."""

from app.catalogue.cast import ANSWER, ARIA, CONVERSATION_WITH_SAM, ESCALATION_ID, QUESTION, SAM
from app.catalogue.json_schema import (
    choice,
    count,
    identifier,
    list_of,
    nullable,
    record,
    share,
    shared,
    string,
    timestamp,
    url,
)
from app.catalogue.shared import built_in

_REASONS = ["low_confidence", "customer_request", "policy", "sentiment", "sla", "error"]

_ESCALATION = record(
    "The escalation.",
    {
        "id": identifier("ID of the escalation, the same as in agent.escalation."),
        "reason": nullable(choice("Reason for the escalation.", _REASONS)),
        "level": nullable(count("Support level after the escalation; 1 is the first level with people.")),
        "triggeredBy": nullable(string("What triggered the escalation: the ID of an agent, a customer or a rule.")),
        "confidence": nullable(share("Confidence of the AI agent in its answer.")),
        "threshold": nullable(share("Confidence below which the agent escalates.")),
        "fromAgent": nullable(shared("Agent", "The AI agent that escalated the conversation.")),
        "toTeamId": nullable(string("ID of the team that takes over.")),
        "toAgent": nullable(shared("Agent", "The person who takes over; null until somebody does.")),
        "slaDueAt": nullable(timestamp("Time by which a person must have answered.")),
    },
)

CONVERSATION_ESCALATED = built_in(
    "conversation.escalated",
    "A conversation was handed over from an AI agent to a person.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The conversation after the escalation."),
        "escalation": _ESCALATION,
        "aiSummary": nullable(string("Summary of the conversation so far, by the AI agent.")),
        "transcriptUrl": nullable(url("URL of the full conversation.")),
        "lastMessages": list_of(
            shared("Message", "A message."), "The most recent messages, oldest first, at most five.", at_most=5
        ),
    },
    example={
        "conversation": CONVERSATION_WITH_SAM | {"messageCount": 2, "updatedAt": "2026-11-23T09:59:06.020Z"},
        "escalation": {
            "id": ESCALATION_ID,
            "reason": "low_confidence",
            "level": 1,
            "triggeredBy": "agt_aria",
            "confidence": 0.41,
            "threshold": 0.7,
            "fromAgent": ARIA,
            "toTeamId": "team_billing",
            "toAgent": SAM,
            "slaDueAt": "2026-11-23T10:14:06Z",
        },
        "aiSummary": "Ada was charged twice for INV-3391 and wants one payment refunded. Both payments went through.",
        "transcriptUrl": "https://support.example.com/conversations/conv_7f3k2m/transcript",
        "lastMessages": [QUESTION, ANSWER],
    },
)
