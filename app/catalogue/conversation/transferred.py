"""conversation.transferred."""

from app.catalogue.cast import CONVERSATION_WITH_SAM
from app.catalogue.json_schema import Schema, boolean, duration, nullable, record, shared, string, timestamp
from app.catalogue.shared import built_in


def _side(description: str) -> Schema:
    return record(
        description,
        {
            "type": nullable(string("Kind of assignee: `ai`, `human`, `team` or `queue`.")),
            "agentId": nullable(string("ID of the agent; null for a team or a queue.")),
            "teamId": nullable(string("ID of the team.")),
        },
    )


_TRANSFER = record(
    "The transfer.",
    {
        "from": nullable(_side("Previous assignee.")),
        "to": nullable(_side("New assignee.")),
        "initiatedBy": nullable(string("Who requested the transfer: the ID of an agent or a rule, or `system`.")),
        "reason": nullable(string("Reason, for example `skill` or `end_of_shift`.")),
        "note": nullable(string("Note from the previous assignee to the new one.")),
        "warm": nullable(boolean("Whether both assignees talked to the customer together before the transfer.")),
        "transferredAt": nullable(timestamp("Time of the transfer.")),
        "waitSeconds": nullable(duration("Time that the customer waited for the new assignee, in seconds.")),
    },
)

CONVERSATION_TRANSFERRED = built_in(
    "conversation.transferred",
    "A conversation was transferred between agents.",
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
