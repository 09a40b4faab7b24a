"""The event types that are built in: those that the platform publishes, and the alerts of the server itself. The types
of a workspace are rows and live elsewhere.
"""

from collections.abc import Mapping
from types import MappingProxyType

from app.catalogue.agent import AGENT_EVENT_TYPES
from app.catalogue.conversation import CONVERSATION_EVENT_TYPES
from app.catalogue.event_type import EventType
from app.catalogue.operational import OPERATIONAL_EVENT_TYPES
from app.catalogue.system import SYSTEM_EVENT_TYPES
from app.catalogue.ticket import TICKET_EVENT_TYPES

PLATFORM: Mapping[str, EventType] = MappingProxyType(
    {
        event_type.name: event_type
        for event_type in (
            *CONVERSATION_EVENT_TYPES,
            *TICKET_EVENT_TYPES,
            *AGENT_EVENT_TYPES,
            *SYSTEM_EVENT_TYPES,
        )
    }
)

# Those of the platform, which it publishes, and the alerts of the server itself.
BUILT_IN: Mapping[str, EventType] = MappingProxyType(
    {**PLATFORM, **{event_type.name: event_type for event_type in OPERATIONAL_EVENT_TYPES}}
)
