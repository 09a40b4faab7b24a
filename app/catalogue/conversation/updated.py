"""conversation.updated."""

from app.catalogue.cast import CONVERSATION
from app.catalogue.json_schema import nullable, record, shared, string
from app.catalogue.shared import built_in, change, updated_fields

_CHANGES = record(
    "Changes by field, with the old value in `from` and the new value in `to`. Fields that are not listed may appear.",
    {
        "status": change("Change of the status."),
        "priority": change("Change of the priority."),
        "assignee": change("Change of the assignee."),
        "teamId": change("Change of the team."),
        "tags": change("Change of the tags."),
    },
) | {"additionalProperties": change("Change of another field.")}

CONVERSATION_UPDATED = built_in(
    "conversation.updated",
    "A conversation's status or other details changed.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The conversation after the change."),
        "changes": _CHANGES,
        "updatedFields": updated_fields("conversation"),
        "reason": nullable(string("Reason for the change, if known, for example `rule:refunds-first`.")),
    },
    example={
        "conversation": CONVERSATION
        | {
            "status": "pending",
            "priority": "high",
            "tags": ["billing", "refund"],
            "updatedAt": "2026-11-23T09:58:31.007Z",
        },
        "changes": {
            "status": {"from": "open", "to": "pending"},
            "priority": {"from": "normal", "to": "high"},
            "tags": {"from": ["billing"], "to": ["billing", "refund"]},
        },
        "updatedFields": ["status", "priority", "tags"],
        "reason": "rule:refunds-first",
    },
)
