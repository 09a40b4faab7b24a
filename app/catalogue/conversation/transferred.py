"""conversation.transferred."""

from app.catalogue.cast import CONVERSATION_WITH_SAM
from app.catalogue.json_schema import Schema, boolean, duration, nullable, record, shared, string, timestamp
from app.catalogue.shared import built_in


def _side(description: str) -> Schema:
    return record(
        description,
        {
            "type": nullable(string("What it is: `ai`, `human`, `team` or `queue`.")),
            "agentId": nullable(string("The agent's id; null where it is a team or a queue.")),
            "teamId": nullable(string("The team's id.")),
        },
    )


_TRANSFER = record(
    "The transfer itself.",
    {
        "from": nullable(_side("Who had it.")),
        "to": nullable(_side("Who has it now.")),
        "initiatedBy": nullable(string("Who wanted it: the id of an agent or a rule, or `system`.")),
        "reason": nullable(string("Why, for example `skill` or `end_of_shift`.")),
        "note": nullable(string("What the one wrote to the other.")),
        "warm": nullable(boolean("Whether both talked to the customer together before it changed hands.")),
        "transferredAt": nullable(timestamp("When it changed hands.")),
        "waitSeconds": nullable(duration("Seconds that the customer waited for the new agent.")),
    },
)

CONVERSATION_TRANSFERRED = built_in(
    "conversation.transferred",
    "A conversation changed hands between agents.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The conversation after the transfer."),
        "transfer": _TRANSFER,
    },
    example={
        "conversation": CONVERSATION_WITH_SAM,
        "transfer": {
            "from": {"type": "ai", "agentId": "agt_aria", "teamId": "team_front"},
            "to": {"type": "human", "agentId": "agt_sam", "teamId": "team_billing"},
            "initiatedBy": "agt_aria",
            "reason": "skill",
            "note": "Refunds above 100 GBP need a person.",
            "warm": False,
            "transferredAt": "2026-11-23T10:01:40.512Z",
            "waitSeconds": 154.5,
        },
    },
)
