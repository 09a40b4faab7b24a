"""Changes of event types: entries of files and the server's state in, steps or faults out. Pure."""

from typing import Any

import orjson

from app.catalogue.event_type import EventCategory, EventType
from app.cli.files.server_state import ServerEventType
from app.cli.files.shape import EventTypeEntry, Fault, Place
from app.cli.files.step import Action, Step
from app.errors import Problem
from app.event_types import rules
from app.event_types.drafts import KeepingChanges
from app.event_types.kept import changed_keeping, differences
from app.keeping import ALL, Keeping

_CREATE = """
mutation ($input: CreateEventTypeInput!) { createEventType(input: $input) { userErrors { message path } } }
"""
_UPDATE = """
mutation ($input: UpdateEventTypeInput!) { updateEventType(input: $input) { userErrors { message path } } }
"""


def event_type_steps(
    entry: EventTypeEntry, place: Place, current: ServerEventType | None, faults: list[Fault]
) -> list[Step]:
    """The steps that make an event type match its entry; archiving and what is kept are separate steps."""
    further = [*_archival(entry, current), *_keeping(entry, place, current, faults)]
    if current is not None and not current.is_custom:
        return further if _says_nothing_else(entry, place, faults) else []
    before = {} if current is None else _fields(current.event_type)
    after = _fields(_custom(entry))
    changes = {name: [before.get(name), value] for name, value in after.items() if not _equal(before.get(name), value)}
    if changes and not _is_valid(entry, place, faults):
        return []
    steps = []
    if current is None:
        steps.append(Step(Action.CREATE, "event type", entry.name, changes, _CREATE, {"name": entry.name, **after}))
    elif changes:
        asked = {"name": entry.name, **{name: after[name] for name in changes}}
        steps.append(Step(Action.UPDATE, "event type", entry.name, changes, _UPDATE, asked))
    return steps + further


def known_after(entry: EventTypeEntry, current: ServerEventType | None) -> ServerEventType:
    """The event type once its steps are made."""
    if current is not None and not current.is_custom:
        return ServerEventType(current.event_type, entry.archived, _kept(entry, []))
    return ServerEventType(_custom(entry), entry.archived, _kept(entry, []))


def _archival(entry: EventTypeEntry, current: ServerEventType | None) -> list[Step]:
    archived = current is not None and current.archived
    if entry.archived == archived:
        return []
    action = Action.ARCHIVE if entry.archived else Action.UPDATE
    asked = {"name": entry.name, "archived": entry.archived}
    return [Step(action, "event type", entry.name, {"archived": [archived, entry.archived]}, _UPDATE, asked)]


def _keeping(entry: EventTypeEntry, place: Place, current: ServerEventType | None, faults: list[Fault]) -> list[Step]:
    problems: list[Problem] = []
    keeping = _kept(entry, problems)
    faults += [place.fault(problem.message, *problem.path) for problem in problems]
    changes = differences(ALL if current is None else current.keeping, keeping)
    if problems or not changes:
        return []
    asked: dict[str, Any] = {"name": entry.name, "keepBodies": list(keeping.rules), "redact": list(keeping.redact)}
    if keeping.days is not None:
        asked["keepBodiesDays"] = keeping.days
    return [Step(Action.UPDATE, "event type", entry.name, changes, _UPDATE, asked)]


def _kept(entry: EventTypeEntry, problems: list[Problem]) -> Keeping:
    return changed_keeping(problems, ALL, KeepingChanges(entry.keep_bodies, entry.keep_bodies_days, entry.redact))


def _says_nothing_else(entry: EventTypeEntry, place: Place, faults: list[Fault]) -> bool:
    given = [name for name in ("description", "json_schema", "example") if getattr(entry, name) is not None]
    if given:
        message = (
            f"The event type {entry.name} is built in, so a file can only say whether it is archived and what is"
            " kept of its events."
        )
        faults.append(place.fault(message, "jsonSchema" if given[0] == "json_schema" else given[0]))
    return not given


def _is_valid(entry: EventTypeEntry, place: Place, faults: list[Fault]) -> bool:
    problems: list[Problem] = []
    event_type = _custom(entry)
    rules.name(problems, entry.name, "name")
    rules.description(problems, event_type.description, "description")
    before = len(problems)
    rules.json_schema(problems, event_type.json_schema, "jsonSchema")
    if len(problems) == before:
        rules.example(problems, event_type.example, event_type.json_schema, "example")
    faults += [place.fault(problem.message, *problem.path) for problem in problems]
    return not problems


def _custom(entry: EventTypeEntry) -> EventType:
    schema = {"type": "object"} if entry.json_schema is None else entry.json_schema
    example = {} if entry.example is None else entry.example
    return EventType(entry.name, EventCategory.CUSTOM, (entry.description or "").strip(), schema, example)


def _fields(event_type: EventType) -> dict[str, Any]:
    return {
        "description": event_type.description,
        "jsonSchema": event_type.json_schema,
        "example": event_type.example,
    }


def _equal(one: object, other: object) -> bool:
    """Whether two JSON values are equal; Python's == treats 1 and true as equal."""
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
