"""Gathers what the rules for webhooks need to know of a workspace and of this server."""

from typing import TYPE_CHECKING

from app.sender.guard import AddressPolicy
from app.webhooks.validation.configuration import Surroundings

if TYPE_CHECKING:
    from app.resources import Resources


async def surroundings(resources: "Resources", workspace_id: str) -> Surroundings:
    """The workspace's event types as they are now, and where this server may send to."""
    registry = await resources.publisher.registries.current(resources.database, workspace_id)
    known = registry.event_types
    settings = resources.settings
    return Surroundings(
        event_types={name: entry.event_type for name, entry in known.items() if not entry.archived},
        archived={name for name, entry in known.items() if entry.archived},
        addresses=AddressPolicy(allowed_networks=settings.allowed_networks, allow_loopback=settings.in_development),
        allow_http=settings.in_development,
    )
