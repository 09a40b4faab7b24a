"""The inputs of createEventType and updateEventType as plain values, before anything is checked."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EventTypeDraft:
    """An event type to be created. Without a schema any object is valid; without an example it is the empty object."""

    name: str
    description: str
    json_schema: Any = None
    example: Any = None


@dataclass(frozen=True, slots=True)
class EventTypeChanges:
    """Changes of an event type. None keeps a value."""

    description: str | None = None
    json_schema: Any = None
    example: Any = None
    archived: bool | None = None
