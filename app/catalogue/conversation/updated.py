"""conversation.updated."""

from app.catalogue.cast import CONVERSATION
from app.catalogue.json_schema import nullable, record, shared, string
from app.catalogue.shared import built_in, change, updated_fields

_CHANGES = record(
    "What changed, by field: `from` is the value before, `to` the value now. Fields not listed may appear.",
    {
        "status": change("The status before and after."),
        "priority": change("The priority before and after."),
        "assignee": change("The assignee before and after."),
        "teamId": change("The team before and after."),
        "tags": change("The tags before and after."),
    },
) | {"additionalProperties": change("Another field before and after.")}

CONVERSATION_UPDATED = built_in(
    "conversation.updated",
    "A conversation's status or other details changed.",
    subject="conversation",
    fields={
        "conversation": shared("Conversation", "The conversation after the change."),
        "changes": _CHANGES,
        "updatedFields": updated_fields("conversation"),
        "reason": nullable(string("Why it changed, for example `rule:refunds-first`, where that is known.")),
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
