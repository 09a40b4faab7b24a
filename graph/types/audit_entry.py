"""Entries of the audit log, and the chain that they form."""

from datetime import datetime

import orjson
import strawberry
from strawberry.scalars import JSON

from app.access.actor import Actor as DomainActor
from app.access.verify_audit import Chain, kept
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
    number: int | None = strawberry.field(
        description="Place of the entry in its workspace, without gaps from 1 on; null if it is not part of the chain."
    )
    previous_hash: str | None = strawberry.field(
        description="`hash` of the entry with the number before; empty for the first entry."
    )
    hash: str | None = strawberry.field(description="SHA-256 of `hashedText`, in hex.")
    hashed_text: str | None = strawberry.field(
        description="JSON text of everything that is stored of the entry, with its number and `previousHash`. A"
        " changed entry therefore fits only if all that follow were changed, too."
    )

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
            number=row.number,
            previous_hash=row.previous_hash,
            hash=row.hash,
            hashed_text=kept(row._asdict()).text or None,
        )


@strawberry.type(description="Ends of the chain that the entries of the audit log form.")
class AuditChain:
    number: int = strawberry.field(description="Number of the newest entry; 0 if there is none.")
    hash: str = strawberry.field(
        description="`hash` of the newest entry. Keep number and hash elsewhere: they prove later that no entry up to"
        " this one was changed or taken away, not even by somebody who can write to the database."
    )
    expired_number: int = strawberry.field(
        description="Number of the newest entry that retention has deleted; 0 if there is none."
    )
    expired_hash: str = strawberry.field(
        description="`hash` of that entry, which the oldest remaining entry has as its `previousHash`."
    )

    @classmethod
    def of(cls, chain: Chain) -> "AuditChain":
        return cls(
            number=chain.head.number,
            hash=chain.head.hash,
            expired_number=chain.expired.number,
            expired_hash=chain.expired.hash,
        )


@strawberry.type(description="A page of audit log entries, newest first.")
class AuditEntryConnection(Connection[AuditEntry]):
    @classmethod
    def from_page(cls, page: Page[StoredAuditEntry]) -> "AuditEntryConnection":
        return cls(nodes=[AuditEntry.from_row(row) for row in page.rows], page=page)
