"""Entries of the audit log."""

from datetime import datetime

import orjson
import strawberry
from strawberry.scalars import JSON

from app.access.actor import Actor as DomainActor
from app.clock import from_micros
from graph.pagination import Page
from graph.rows import StoredAuditEntry
from graph.types.actor import Actor
from graph.types.connection import Connection
from graph.types.node import Node


@strawberry.type(description="One entry of the audit log: who changed what, when and from where.")
class AuditEntry(Node):
    at: datetime = strawberry.field(description="Time of the change.")
    actor: str = strawberry.field(description="Who made the change: an API key, an access token or the system.")
    by: Actor = strawberry.field(description="Who made the change, in parts.")
    action: str = strawberry.field(description="The action, e.g. webhook.updated.")
    subject_id: strawberry.ID | None = strawberry.field(
        description="What was changed: an ID, or the name of an event type."
    )
    changes: JSON | None = strawberry.field(
        description='Old and new values: {"field": [old, new]}, with secrets masked.'
    )
    source_address: str | None = strawberry.field(description="IP address that the change was requested from.")

    @classmethod
    def from_row(cls, row: StoredAuditEntry) -> "AuditEntry":
        return cls(
            id=strawberry.ID(row.id),
            at=from_micros(row.at),
            actor=row.actor,
            by=Actor.of(DomainActor.of_row(row.actor_kind, row.actor_id, row.actor_name)),
            action=row.action,
            subject_id=None if row.subject_id is None else strawberry.ID(row.subject_id),
            changes=None if row.changes is None else orjson.loads(row.changes),
            source_address=row.source_address,
        )


@strawberry.type(description="A page of audit log entries, newest first.")
class AuditEntryConnection(Connection[AuditEntry]):
    @classmethod
    def from_page(cls, page: Page[StoredAuditEntry]) -> "AuditEntryConnection":
        return cls(nodes=[AuditEntry.from_row(row) for row in page.rows], page=page)
