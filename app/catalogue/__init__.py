"""The event types that the platform publishes, built in. A workspace's own are rows and live elsewhere."""

from collections.abc import Mapping
from types import MappingProxyType

from app.catalogue.agent import AGENT_EVENT_TYPES
from app.catalogue.conversation import CONVERSATION_EVENT_TYPES
from app.catalogue.event_type import EventType
from app.catalogue.system import SYSTEM_EVENT_TYPES
from app.catalogue.ticket import TICKET_EVENT_TYPES

BUILT_IN: Mapping[str, EventType] = MappingProxyType(
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
