"""agent.escalation: the AI agent asked. That the conversation moved is conversation.escalated, same id."""

from app.catalogue.cast import ARIA, ESCALATION_ID
from app.catalogue.json_schema import choice, count, identifier, list_of, nullable, record, share, shared, string
from app.catalogue.shared import built_in, intent, sentiment

_ESCALATION = record(
    "The escalation request.",
    {
        "id": identifier("ID of the escalation, the same as in conversation.escalated."),
        "reason": nullable(string("Reason, for example `low_confidence` or `customer_request`.")),
        "confidence": nullable(share("Confidence of the agent in its answer.")),
        "threshold": nullable(share("Confidence below which the agent escalates.")),
        "attempts": nullable(count("Number of answers that the agent tried.")),
        "unansweredQuestion": nullable(string("Question that the agent could not answer.")),
        "suggestedTeamId": nullable(string("ID of the team that the agent suggests.")),
        "suggestedReply": nullable(string("Answer that the agent suggests.")),
    },
)

_ENTITY = record(
    "An entity named in the conversation.",
    {
        "type": nullable(string("Kind of entity, for example `invoice`.")),
        "value": nullable(string("Name of the entity, for example `INV-3391`.")),
    },
)

_CONTEXT = record(
    "Context for the person who takes over.",
    {
        "summary": nullable(string("Summary of the conversation so far, by the agent.")),
        "intent": nullable(intent("Intent of the customer, as understood by the agent.")),
        "sentiment": nullable(sentiment("Sentiment of the customer.")),
        "entities": list_of(_ENTITY, "Entities named in the conversation."),
    },
)

AGENT_ESCALATION = built_in(
    "agent.escalation",
    "An AI agent requested that a person take over a conversation.",
    subject="agent",
    fields={
        "agent": shared("Agent", "The AI agent."),
        "conversationId": nullable(string("ID of the conversation.")),
        "escalation": _ESCALATION,
        "context": nullable(_CONTEXT),
        "handoffStatus": nullable(choice("Status of the hand-over.", ["requested", "accepted", "failed"])),
    },
    example={
        "agent": ARIA,
        "conversationId": "conv_7f3k2m",
        "escalation": {
            "id": ESCALATION_ID,
            "reason": "low_confidence",
            "confidence": 0.41,
            "threshold": 0.7,
            "attempts": 2,
            "unansweredQuestion": "Can you refund one of them?",
            "suggestedTeamId": "team_billing",
            "suggestedReply": "We will refund the second payment within five working days.",
        },
        "context": {
            "summary": "Ada was charged twice for INV-3391 and wants one payment refunded. Both payments went through.",
            "intent": {"name": "billing.duplicate_charge", "score": 0.94},
            "sentiment": {"label": "negative", "score": -0.42},
            "entities": [{"type": "invoice", "value": "INV-3391"}],
        },
        "handoffStatus": "requested",
    },
)
