"""The audit log: who changed what, when and from where. Written in the transaction of the change itself.

Each entry has its number in its workspace and carries the hash of the one before (`app.access.audit_chain`). Entries
of a workspace therefore wait for each other, and are written as the last statements of their transaction.

This module does not know what a change means or which parts are secret: the code that adds an entry masks those.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from app.access.audit_chain import Entry, Link, sealed
from app.access.caller import Caller
from app.clock import to_micros
from app.database.database import Statements
from app.ids import AUDIT_ENTRY, new_id

# Locks the workspace's row until the commit.
_NEXT = """
INSERT INTO audit_chain AS chain (workspace_id, number, hash, expired, expired_hash) VALUES ($1, 1, '', 0, '')
ON CONFLICT (workspace_id) DO UPDATE SET number = chain.number + 1 RETURNING number, hash
"""
_COLUMNS = (*Entry._fields, *Link._fields)
_INSERT = (
    f"INSERT INTO audit_entry ({', '.join(_COLUMNS)})"
    f" VALUES ({', '.join(f'${number}' for number in range(1, len(_COLUMNS) + 1))})"
)
_MOVE = "UPDATE audit_chain SET hash = $2 WHERE workspace_id = $1"


async def record(
    statements: Statements,
    caller: Caller,
    action: str,
    subject_id: str | None,
    changes: Mapping[str, Any] | None,
    at: datetime,
) -> None:
    """Add one entry.

    Args:
        statements: the transaction of the change; the entry exists if and only if the change does.
        action: noun.verb_past, e.g. "webhook.created".
        changes: {"field": [old, new]} with the names of the API; secrets are masked already.
        at: an aware time.
    """
    entry = Entry(
        id=new_id(AUDIT_ENTRY, at),
        workspace_id=caller.workspace_id,
        at=to_micros(at),
        actor=str(caller.actor),
        actor_kind=caller.actor.kind,
        actor_id=caller.actor.id,
        actor_name=caller.actor.name,
        action=action,
        subject_id=subject_id,
        changes=None if changes is None else orjson.dumps(changes).decode(),
        source_address=caller.source_address,
    )
    statements.before_commit(entry.workspace_id, partial(_append, entry=entry))


async def _append(statements: Statements, entry: Entry) -> None:
    [chain] = await statements.fetch(_NEXT, entry.workspace_id)
    link = sealed(entry, chain["number"], chain["hash"])
    await statements.execute(_INSERT, *entry, *link)
    await statements.execute(_MOVE, entry.workspace_id, link.hash)
