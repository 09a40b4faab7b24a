"""Archives a built-in event type for one workspace, by a row of its name in which nothing else matters."""

from datetime import datetime
from typing import Any

from app.access.caller import Caller
from app.catalogue.explanation import quoted
from app.database.database import Statements
from app.errors import Problem, Rejected, UserErrorCode
from app.event_types.drafts import EventTypeChanges
from app.ids import EVENT_TYPE, new_id
from app.models import CustomEventType


async def archive_built_in(
    statements: Statements,
    caller: Caller,
    archival: CustomEventType | None,
    name: str,
    changes: EventTypeChanges,
    at: datetime,
) -> dict[str, list[Any]]:
    """Archive a built-in event type, or undo that; return what changed.

    Args:
        archival: the row that archives it, if there is one.

    Raises:
        Rejected: CONFLICT for any other change.
    """
    _require_nothing_else(name, changes)
    if changes.archived is None or changes.archived == (archival is not None):
        return {}
    if archival is not None:
        await archival.delete(using_db=statements.orm)
        return {"archived": [True, False]}
    archival = CustomEventType(
        id=new_id(EVENT_TYPE, at),
        workspace_id=caller.workspace_id,
        name=name,
        description="",
        json_schema={},
        example={},
        archived=True,
        created_at=at,
        updated_at=at,
    )
    await archival.save(using_db=statements.orm, force_create=True)
    return {"archived": [False, True]}


def _require_nothing_else(name: str, changes: EventTypeChanges) -> None:
    given = (("description", changes.description), ("jsonSchema", changes.json_schema), ("example", changes.example))
    problems = [
        Problem(
            f"The event type {quoted(name)} is built in: only archived can be changed, not {field}.",
            (field,),
            UserErrorCode.CONFLICT,
        )
        for field, value in given
        if value is not None
    ]
    if problems:
        raise Rejected(problems)
