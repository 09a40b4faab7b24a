"""An event as a publisher submits it, and as it is once checked and serialised into the body to be signed. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from app.access.narrowing import Narrowing
from app.catalogue.event_type import EventType
from app.catalogue.patterns import OPERATIONAL
from app.catalogue.suggestions import unknown_event_type
from app.clock import Micros, rfc3339_at, to_micros
from app.errors import Problem, UserErrorCode
from app.ids import EVENT, new_id_at
from app.publishing.unwritable import first_unwritable
from app.registry import KnownEventType, Registry
from app.trace_context import TraceContext

MAX_EVENTS = 1_000
MAX_KEY_LENGTH = 255  # idempotency and ordering keys: long enough for two UUIDs and a prefix, short enough to index


@dataclass(frozen=True, slots=True)
class EventDraft:
    """One event as submitted. `data` is any JSON value; `trace` is the trace that its publisher works in."""

    type: str
    data: Any
    occurred_at: datetime | None = None
    idempotency_key: str | None = None
    ordering_key: str | None = None
    trace: TraceContext | None = None


class PreparedEvent(NamedTuple):
    """An event ready to be committed. `content` is what filters see; `trace` is a packed `TraceContext`."""

    id: str
    type: str
    occurred_at: Micros
    created_at: Micros
    body: str
    content: Mapping[str, Any]
    test: bool
    idempotency_key: str | None
    digest: str | None
    ordering_key: str | None
    trace: str | None


def json_of(data: Any) -> bytes | TypeError:
    """Data as JSON, or why JSON cannot represent it (an integer over 64 bits, half a surrogate pair)."""
    try:
        return orjson.dumps(data)
    except TypeError as error:
        return error


def prepare(draft: EventDraft, json: bytes, created_at: Micros, *, test: bool = False) -> PreparedEvent:
    """Give the event its ID and serialise its body, once and for all.

    Args:
        json: its data as JSON.
        created_at: when it was accepted, in microseconds since the epoch.
    """
    event_id = new_id_at(EVENT, created_at)
    occurred_at = created_at if draft.occurred_at is None else to_micros(draft.occurred_at)
    content: dict[str, Any] = {
        "id": event_id,
        "type": draft.type,
        "timestamp": rfc3339_at(occurred_at),
        "data": draft.data,
    }
    if test:
        content["test"] = True
    return PreparedEvent(
        id=event_id,
        type=draft.type,
        occurred_at=occurred_at,
        created_at=created_at,
        body=orjson.dumps({**content, "data": orjson.Fragment(json)}).decode(),
        content=content,
        test=test,
        idempotency_key=draft.idempotency_key,
        digest=_digest(draft) if draft.idempotency_key is not None else None,
        ordering_key=draft.ordering_key,
        trace=None if draft.trace is None else draft.trace.packed(),
    )


def example_of(event_type: EventType, created_at: Micros) -> PreparedEvent:
    """A test event with the example of an event type, as if accepted at `created_at`."""
    data = dict(event_type.example)
    return prepare(EventDraft(event_type.name, data), orjson.dumps(data), created_at, test=True)


def problems_of(
    draft: EventDraft,
    json: bytes | TypeError,
    registry: Registry,
    narrowing: Narrowing,
    max_bytes: int,
    path: Sequence[str],
) -> list[Problem]:
    """Everything that is wrong with a draft, each problem with its path below `path`.

    Args:
        json: the draft's data, as `json_of` wrote it.
        narrowing: that of the publisher; an unknown event type is answered with the nearest ones that it covers.
    """
    known = registry.event_types.get(draft.type)
    problems = []
    if known is None or known.archived or draft.type in OPERATIONAL:
        seen = narrowing.types(registry.event_types)
        open_ = [name for name, one in seen.items() if not one.archived and name not in OPERATIONAL]
        problems.append(_type_problem(draft, known, open_, path))
    if draft.idempotency_key is not None or draft.ordering_key is not None:
        problems += _key_problems(draft, path)
    if draft.occurred_at is not None and draft.occurred_at.tzinfo is None:
        problems.append(_invalid("occurredAt must name its offset, e.g. 2026-11-23T10:00:00Z.", *path, "occurredAt"))
    if problems or known is None:
        return problems
    return _data_problems(draft, json, known, max_bytes, path)


def _type_problem(
    draft: EventDraft, known: KnownEventType | None, names: Sequence[str], path: Sequence[str]
) -> Problem:
    if known is None:
        message = unknown_event_type(draft.type, names)
    elif draft.type in OPERATIONAL:
        message = f'The event type "{draft.type}" is an alert, which only the server itself publishes.'
    else:
        message = f'The event type "{draft.type}" is archived and can no longer be published.'
    return _invalid(message, *path, "type")


def _key_problems(draft: EventDraft, path: Sequence[str]) -> list[Problem]:
    problems = []
    for name, key in (("idempotencyKey", draft.idempotency_key), ("orderingKey", draft.ordering_key)):
        if key is None:
            continue
        if len(key) > MAX_KEY_LENGTH:
            message = f"{name} has {len(key)} characters; at most {MAX_KEY_LENGTH} are allowed."
            problems.append(Problem(message, (*path, name), UserErrorCode.TOO_LONG))
        elif not key.strip():
            message = f"{name} is empty; give 1 to {MAX_KEY_LENGTH} characters, or leave it out."
            problems.append(_invalid(message, *path, name))
        elif not key.isprintable():
            odd = next(character for character in key if not character.isprintable())
            message = f"{name} has the character U+{ord(odd):04X}, which nobody can see; leave it out."
            problems.append(_invalid(message, *path, name))
    return problems


def _data_problems(
    draft: EventDraft, json: bytes | TypeError, known: KnownEventType, max_bytes: int, path: Sequence[str]
) -> list[Problem]:
    if not isinstance(draft.data, dict):
        message = f"data must be a JSON object, but is {_kind(draft.data)}."
        return [Problem(message, (*path, "data"), UserErrorCode.INVALID_PAYLOAD)]
    if isinstance(json, TypeError):
        place = first_unwritable(draft.data)
        message = (
            f"{'.'.join(('data', *place))} cannot be written as JSON: {json}. Use text without lone surrogates, whole"
            " numbers of at most 64 bits, and at most 250 levels."
        )
        return [Problem(message, (*path, "data", *place), UserErrorCode.INVALID_PAYLOAD)]
    if len(json) > max_bytes:
        message = f"data may be at most {max_bytes} bytes of JSON, but has {len(json)}."
        return [Problem(message, (*path, "data"), UserErrorCode.TOO_LONG)]
    errors = known.validator.errors(draft.data)
    if not errors:
        return []
    return [Problem(error.message, (*path, "data", *error.path), UserErrorCode.INVALID_PAYLOAD) for error in errors]


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "a list"}.get(
        type(value), "not"
    )


def _invalid(message: str, *path: str) -> Problem:
    return Problem(message, path, UserErrorCode.INVALID)


def _digest(draft: EventDraft) -> str:
    occurred_at = to_micros(draft.occurred_at) if draft.occurred_at else None
    said = orjson.dumps([draft.type, draft.data, occurred_at, draft.ordering_key], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()
