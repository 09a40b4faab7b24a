"""agent.escalation: the AI agent asked. That the conversation moved is conversation.escalated, same id."""

from app.catalogue.cast import ARIA, ESCALATION_ID
from app.catalogue.json_schema import choice, count, identifier, list_of, nullable, record, share, shared, string
from app.catalogue.shared import built_in, intent, sentiment

_ESCALATION = record(
    "What the agent asked for.",
    {
        "id": identifier(
            "The escalation's id; conversation.escalated carries the same one, so that the two can be joined."
        ),
        "reason": nullable(string("Why it asked, for example `low_confidence` or `customer_request`.")),
        "confidence": nullable(share("How sure it was of its answer.")),
        "threshold": nullable(share("How sure it would have had to be.")),
        "attempts": nullable(count("How many answers it had tried.")),
        "unansweredQuestion": nullable(string("The question that it could not answer.")),
        "suggestedTeamId": nullable(string("The id of the team that it would give it to.")),
        "suggestedReply": nullable(string("What it would have answered.")),
    },
)

_ENTITY = record(
    "Something named in the conversation.",
    {
        "type": nullable(string("What it is, for example `invoice`.")),
        "value": nullable(string("What it is called, for example `INV-3391`.")),
    },
)

_CONTEXT = record(
    "What a person should know before taking over.",
    {
        "summary": nullable(string("What happened so far, as the agent sums it up.")),
        "intent": nullable(intent("What the customer wants, as the agent understood it.")),
        "sentiment": nullable(sentiment("How the customer feels.")),
        "entities": list_of(_ENTITY, "What was named in the conversation."),
    },
)

AGENT_ESCALATION = built_in(
    "agent.escalation",
    "An AI agent asked for a conversation to be taken over.",
    subject="agent",
    fields={
        "agent": shared("Agent", "The AI agent."),
        "conversationId": nullable(string("The id of the conversation.")),
        "escalation": _ESCALATION,
        "context": nullable(_CONTEXT),
        "handoffStatus": nullable(choice("How far the hand-over has come.", ["requested", "accepted", "failed"])),
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
