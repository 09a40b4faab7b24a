"""What a caller asks for before anything is checked: the inputs of createEventType and updateEventType as plain
values."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EventTypeDraft:
    """An event type to be made. Without a schema any object fits; without an example it is the empty object."""

    name: str
    description: str
    json_schema: Any = None
    example: Any = None


@dataclass(frozen=True, slots=True)
class EventTypeChanges:
    """Changes of an event type. What is None stays."""

    description: str | None = None
    json_schema: Any = None
    example: Any = None
    archived: bool | None = None
