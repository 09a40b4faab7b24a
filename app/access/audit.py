"""The audit log: who changed what, when and from where. Written in the transaction of the change itself.

This module does not know what a change means or which parts are secret: the code that adds an entry masks those.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from app.access.caller import Caller
from app.clock import to_micros
from app.database.database import Statements
from app.ids import AUDIT_ENTRY, new_id

_INSERT = (
    "INSERT INTO audit_entry (id, workspace_id, at, actor, actor_kind, actor_id, actor_name, action, subject_id,"
    " changes, source_address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
)


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
    await statements.execute(
        _INSERT,
        new_id(AUDIT_ENTRY, at),
        caller.workspace_id,
        to_micros(at),
        str(caller.actor),
        caller.actor.kind,
        caller.actor.id,
        caller.actor.name,
        action,
        subject_id,
        None if changes is None else orjson.dumps(changes).decode(),
        caller.source_address,
    )
