"""What a workspace sets of a built-in event type: its archival and what is kept of its events, in a row of its name in
which nothing else matters.
"""

from datetime import datetime
from typing import Any

from app.access.caller import Caller
from app.catalogue.explanation import quoted
from app.database.database import Statements
from app.errors import Problem, Rejected, UserErrorCode
from app.event_types.drafts import EventTypeChanges
from app.event_types.kept import changed_keeping, differences
from app.ids import EVENT_TYPE, new_id
from app.keeping import ALL, packed, unpacked
from app.models import CustomEventType


async def change_built_in(
    statements: Statements,
    caller: Caller,
    row: CustomEventType | None,
    name: str,
    changes: EventTypeChanges,
    at: datetime,
) -> dict[str, list[Any]]:
    """Archive a built-in event type or set what is kept of its events, or undo that; return what changed.

    Args:
        row: what is set of it, if anything is.

    Raises:
        Rejected: CONFLICT for any other change; all problems of what is to be kept.
    """
    problems = _others(name, changes)
    archived, keeping = (False, ALL) if row is None else (row.archived, unpacked(row.keeping))
    new_archived = archived if changes.archived is None else changes.archived
    new_keeping = changed_keeping(problems, keeping, changes.keeping)
    if problems:
        raise Rejected(problems)
    changed = differences(keeping, new_keeping)
    if new_archived != archived:
        changed["archived"] = [archived, new_archived]
    if not changed:
        return {}
    if row is not None and not new_archived and new_keeping == ALL:
        await row.delete(using_db=statements.orm)
        return changed
    row, is_new = row or _row(caller, name, at), row is None
    row.archived, row.keeping, row.updated_at = new_archived, packed(new_keeping), at
    await row.save(using_db=statements.orm, force_create=is_new)
    return changed


def _row(caller: Caller, name: str, at: datetime) -> CustomEventType:
    return CustomEventType(
        id=new_id(EVENT_TYPE, at),
        workspace_id=caller.workspace_id,
        name=name,
        description="",
        json_schema={},
        example={},
        created_at=at,
    )


def _others(name: str, changes: EventTypeChanges) -> list[Problem]:
    given = (("description", changes.description), ("jsonSchema", changes.json_schema), ("example", changes.example))
    return [
        Problem(
            f"The event type {quoted(name)} is built in: only archived, keepBodies, keepBodiesDays and redact can be"
            f" changed, not {field}.",
            (field,),
            UserErrorCode.CONFLICT,
        )
        for field, value in given
        if value is not None
    ]
