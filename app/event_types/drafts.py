"""The inputs of createEventType and updateEventType as plain values, before anything is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.statuses import KeepBodies


@dataclass(frozen=True, slots=True)
class KeepingChanges:
    """What is to be kept of the events of a type. None keeps a value; an empty list resets it."""

    keep_bodies: Sequence[KeepBodies] | None = None
    keep_bodies_days: int | None = None
    redact: Sequence[str] | None = None


_UNCHANGED = KeepingChanges()


@dataclass(frozen=True, slots=True)
class EventTypeDraft:
    """An event type to be created. Without a schema any object is valid; without an example it is the empty object."""

    name: str
    description: str
    json_schema: Any = None
    example: Any = None
    keeping: KeepingChanges = _UNCHANGED


@dataclass(frozen=True, slots=True)
class EventTypeChanges:
    """Changes of an event type. None keeps a value."""

    description: str | None = None
    json_schema: Any = None
    example: Any = None
    archived: bool | None = None
    keeping: KeepingChanges = _UNCHANGED
