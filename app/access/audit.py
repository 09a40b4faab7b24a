"""The audit log: who changed what, when and from where. Written in the transaction of the change itself."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.access.caller import Caller
from app.database.database import Statements


async def record(
    statements: Statements,
    caller: Caller,
    action: str,
    subject_id: str | None,
    changes: Mapping[str, Any] | None,
    at: datetime,
) -> None:
    """Add one entry. `action` is noun.verb_past; `changes` is {"field": [old, new]}, with secrets masked by the caller."""
    raise NotImplementedError
