"""Event types: the name, description and schema of events.

Knows no storage: the built-in ones are code, those of a workspace are rows.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class EventCategory(enum.StrEnum):
    """The part of the platform that an event type belongs to; OPERATIONAL for what the server itself says about
    webhooks and deliveries; CUSTOM for event types created by a workspace.
    """

    CONVERSATION = "CONVERSATION"
    TICKET = "TICKET"
    AGENT = "AGENT"
    SYSTEM = "SYSTEM"
    OPERATIONAL = "OPERATIONAL"
    CUSTOM = "CUSTOM"


@dataclass(frozen=True, slots=True)
class EventType:
    """One kind of event. `json_schema` (JSON Schema 2020-12) and `example` are about the payload's `data`."""

    name: str
    category: EventCategory
    description: str
    json_schema: Mapping[str, Any]
    example: Mapping[str, Any]
