"""Creates and changes event types: rows, audit entry, and the version by which publishers notice.

Of the built-in ones a workspace sets only whether they are archived and what is kept (`app.event_types.built_in`).
"""

from datetime import datetime
from typing import Any

import orjson

from app.access import audit
from app.access.caller import Caller
from app.catalogue import BUILT_IN
from app.catalogue.explanation import quoted
from app.catalogue.patterns import is_name
from app.database.database import Statements
from app.errors import Problem, Rejected, UserErrorCode, rejected
from app.event_types import rules
from app.event_types.built_in import change_built_in
from app.event_types.drafts import EventTypeChanges, EventTypeDraft
from app.event_types.kept import changed_keeping, copy_to_workspace, differences
from app.ids import EVENT_TYPE, new_id
from app.keeping import ALL, Keeping, packed, unpacked
from app.models import CustomEventType
from app.registry import KnownEventType
from app.services import Services
from app.statuses import Scope
from app.webhooks.change import raise_registry_version

# Publishing holds all of them compiled, and more would be unmanageable for an administrator.
MAX_EVENT_TYPES = 200


async def create_event_type(services: Services, caller: Caller, draft: EventTypeDraft) -> KnownEventType:
    """Create an event type, which can be published and selected from now on.

    Raises:
        Forbidden: the caller lacks ADMIN.
        Rejected: all problems of the draft at once, TAKEN for the name, or TOO_MANY event types.
    """
    caller.require(Scope.ADMIN)
    caller.require_whole_workspace("An event type")
    at = services.clock.now()
    event_type = _checked(draft, caller.workspace_id, at)
    async with services.database.transaction() as statements:
        await raise_registry_version(statements, caller.workspace_id)  # first: its lock makes check-then-write safe
        await _require_free(statements, caller.workspace_id, draft.name)
        await event_type.save(using_db=statements.orm, force_create=True)
        changes = {
            "description": [None, event_type.description],
            "jsonSchema": [None, event_type.json_schema],
            "example": [None, event_type.example],
            **differences(ALL, unpacked(event_type.keeping)),
        }
        if event_type.keeping is not None:
            await copy_to_workspace(statements, caller.workspace_id)
        await audit.record(statements, caller, "event_type.created", event_type.name, changes, at)
    return await _read(services, caller, draft.name)


async def update_event_type(services: Services, caller: Caller, name: str, changes: EventTypeChanges) -> KnownEventType:
    """Change the given fields and leave the rest as they are. Published events stay as they are.

    Raises:
        Forbidden: the caller lacks ADMIN.
        Rejected: NOT_FOUND; CONFLICT for what cannot be changed of a built-in one; all problems of the changes.
    """
    caller.require(Scope.ADMIN)
    caller.require_whole_workspace("An event type")
    at = services.clock.now()
    async with services.database.transaction() as statements:
        await raise_registry_version(statements, caller.workspace_id)
        found = await _find(statements, caller.workspace_id, name)
        if name in BUILT_IN:
            changed = await change_built_in(statements, caller, found, name, changes, at)
        else:
            changed = await _change(statements, found, name, changes, at)
        if changed.keys() & {"keepBodies", "keepBodiesDays", "redact"}:
            await copy_to_workspace(statements, caller.workspace_id)
        if changed:
            await audit.record(statements, caller, "event_type.updated", name, changed, at)
    return await _read(services, caller, name)


def _checked(draft: EventTypeDraft, workspace_id: str, at: datetime) -> CustomEventType:
    problems: list[Problem] = []
    name = rules.name(problems, draft.name, "name")
    if name in BUILT_IN:
        message = f"The event type {quoted(name)} is built in; choose another name."
        problems.append(Problem(message, ("name",), UserErrorCode.TAKEN))
    description = rules.description(problems, draft.description, "description")
    schema, example = _checked_schema(problems, draft.json_schema, draft.example, {"type": "object"}, {})
    keeping = changed_keeping(problems, ALL, draft.keeping)
    if problems:
        raise Rejected(problems)
    return CustomEventType(
        id=new_id(EVENT_TYPE, at),
        workspace_id=workspace_id,
        name=name,
        description=description,
        json_schema=schema,
        example=example,
        keeping=packed(keeping),
        created_at=at,
        updated_at=at,
    )


def _checked_schema(
    problems: list[Problem], schema: Any, example: Any, present_schema: Any, present_example: Any
) -> tuple[Any, Any]:
    """The schema and the example, each given or present, which have to match."""
    before = len(problems)
    if schema is not None:
        schema = rules.json_schema(problems, schema, "jsonSchema")
    if len(problems) > before:
        return schema, example
    valid = present_schema if schema is None else schema
    if example is not None:
        return valid, rules.example(problems, example, valid, "example")
    if schema is not None:
        _require_fitting(problems, present_example, valid)
    return valid, present_example


def _require_fitting(problems: list[Problem], example: Any, schema: Any) -> None:
    unfit: list[Problem] = []
    rules.example(unfit, example, schema, "example")
    if unfit:
        shown = "the empty one" if example == {} else "the present one"
        message = f"The schema needs an example that fits it, and {shown} does not: {unfit[0].message}"
        problems.append(Problem(message, ("example",), UserErrorCode.REQUIRED))


async def _require_free(statements: Statements, workspace_id: str, name: str) -> None:
    own = CustomEventType.filter(workspace_id=workspace_id).using_db(statements.orm)
    names = [event_type.name for event_type in await own.only("name")]
    if name in names:
        message = (
            f"There is an event type {quoted(name)} already; change it with updateEventType, or choose another name."
        )
        raise rejected(UserErrorCode.TAKEN, message, "name")
    if len(names) >= MAX_EVENT_TYPES:
        message = f"The workspace has {len(names)} event types of its own; at most {MAX_EVENT_TYPES} are allowed."
        raise rejected(UserErrorCode.TOO_MANY, message)


async def _find(statements: Statements, workspace_id: str, name: str) -> CustomEventType | None:
    if not is_name(name):  # the column does not hold every text either
        return None
    query = CustomEventType.filter(workspace_id=workspace_id, name=name).using_db(statements.orm)
    return await query.first()


async def _change(
    statements: Statements, event_type: CustomEventType | None, name: str, changes: EventTypeChanges, at: datetime
) -> dict[str, list[Any]]:
    """Change one of the workspace's own event types; return what changed."""
    if event_type is None:
        message = f"There is no event type {quoted(name)}. Query eventTypes for those there are."
        raise rejected(UserErrorCode.NOT_FOUND, message, "name")
    present = unpacked(event_type.keeping)
    checked, keeping = _checked_changes(event_type, changes, present)
    changed = _set(event_type, checked) | differences(present, keeping)
    event_type.keeping = packed(keeping)
    if changed:
        event_type.updated_at = at
        await event_type.save(using_db=statements.orm)
    return changed


def _checked_changes(
    event_type: CustomEventType, changes: EventTypeChanges, present_keeping: Keeping
) -> tuple[EventTypeChanges, Keeping]:
    problems: list[Problem] = []
    description = changes.description
    if description is not None:
        description = rules.description(problems, description, "description")
    present = (event_type.json_schema, event_type.example)
    schema, example = _checked_schema(problems, changes.json_schema, changes.example, *present)
    keeping = changed_keeping(problems, present_keeping, changes.keeping)
    if problems:
        raise Rejected(problems)
    return EventTypeChanges(description, schema, example, changes.archived), keeping


def _set(event_type: CustomEventType, changes: EventTypeChanges) -> dict[str, list[Any]]:
    """Set the new values in a row; return them as {"field": [old, new]} with the names of the API."""
    changed = {}
    for field, shown in (
        ("description", "description"),
        ("json_schema", "jsonSchema"),
        ("example", "example"),
        ("archived", "archived"),
    ):
        old, new = getattr(event_type, field), getattr(changes, field)
        if new is not None and orjson.dumps(new) != orjson.dumps(old):  # to Python, 1 and true are equal
            changed[shown] = [old, new]
            setattr(event_type, field, new)
    return changed


async def _read(services: Services, caller: Caller, name: str) -> KnownEventType:
    registry = await services.registries.current(services.database, caller.workspace_id)
    return registry.event_types[name]
