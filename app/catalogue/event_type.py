"""What an event type is: the name, the words and the schema of what is published under that name.

Refuses to know where event types are kept; the built-in ones are code, a workspace's own are rows.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class EventCategory(enum.StrEnum):
    """The part of the platform that an event type speaks about; CUSTOM for those that a workspace made itself."""

    CONVERSATION = "CONVERSATION"
    TICKET = "TICKET"
    AGENT = "AGENT"
    SYSTEM = "SYSTEM"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event. `json_schema` (JSON Schema 2020-12) and `example` are about the payload's `data`."""

    name: str
    category: EventCategory
    description: str
    json_schema: Mapping[str, Any]
    example: Mapping[str, Any]
