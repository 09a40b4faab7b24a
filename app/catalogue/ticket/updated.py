"""ticket.updated."""

from app.catalogue.cast import SAM, TICKET_WITH_SAM
from app.catalogue.json_schema import boolean, identifier, mapping, nullable, record, shared, string
from app.catalogue.shared import author, built_in, change, updated_fields

_COMMENT = record(
    "Comment added with the change; null if there was none.",
    {
        "id": identifier("ID of the comment."),
        "public": nullable(boolean("Whether the requester can see the comment.")),
        "body": nullable(string("Text of the comment.")),
        "author": nullable(author("Author of the comment.")),
    },
)

TICKET_UPDATED = built_in(
    "ticket.updated",
    "A ticket's details changed.",
    subject="ticket",
    fields={
        "ticket": shared("Ticket", "The ticket after the change."),
        "changes": mapping(
            "Changes by field, with the old value in `from` and the new value in `to`.",
            change("Change of a field."),
        ),
        "updatedFields": updated_fields("ticket"),
        "comment": nullable(_COMMENT),
    },
    example={
        "ticket": TICKET_WITH_SAM
        | {
            "status": "on_hold",
            "priority": "urgent",
            "updatedAt": "2026-11-23T10:20:44.902Z",
        },
        "changes": {
            "status": {"from": "open", "to": "on_hold"},
            "priority": {"from": "high", "to": "urgent"},
        },
        "updatedFields": ["status", "priority"],
        "comment": {
            "id": "cmt_8s4g7b",
            "public": False,
            "body": "The bank confirms the second payment. Waiting for finance to release the refund.",
            "author": SAM,
        },
    },
)
