"""Gathers what the rules for webhooks need to know of a workspace and of this server."""

from app.resources import Resources, address_policy
from app.webhooks.validation.configuration import Surroundings


async def surroundings(resources: Resources, workspace_id: str) -> Surroundings:
    """The workspace's event types as they are now, and where this server may send to."""
    registry = await resources.publisher.registries.current(resources.database, workspace_id)
    known = registry.event_types
    return Surroundings(
        event_types={name: entry.event_type for name, entry in known.items() if not entry.archived},
        archived={name for name, entry in known.items() if entry.archived},
        addresses=address_policy(resources.settings),
        allow_http=resources.settings.in_development,
    )
