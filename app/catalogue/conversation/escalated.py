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
    "The escalation itself.",
    {
        "id": identifier("The escalation's id; agent.escalation carries the same one, so that the two can be joined."),
        "reason": nullable(choice("Why it was escalated.", _REASONS)),
        "level": nullable(count("The level of support that it moved to; 1 is the first with people.")),
        "triggeredBy": nullable(string("What set it off: the id of an agent, a customer or a rule.")),
        "confidence": nullable(share("How sure the AI agent was of its answer.")),
        "threshold": nullable(share("How sure it would have had to be.")),
        "fromAgent": nullable(shared("Agent", "The AI agent that gave it up.")),
        "toTeamId": nullable(string("The id of the team that it moved to.")),
        "toAgent": nullable(shared("Agent", "The person that it moved to; null until somebody takes it.")),
        "slaDueAt": nullable(timestamp("When a person has to have answered.")),
    },
)

CONVERSATION_ESCALATED = built_in(
    "conversation.escalated",
    "A conversation was handed from an AI agent to a person.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The conversation after the escalation."),
        "escalation": _ESCALATION,
        "aiSummary": nullable(string("What happened so far, as the AI agent sums it up.")),
        "transcriptUrl": nullable(url("Where to read the whole conversation.")),
        "lastMessages": list_of(
            shared("Message", "A message."), "The last messages, oldest first, at most five.", at_most=5
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
