"""Gathers what the rules for webhooks need to know of a workspace and of this server."""

from app.access.caller import Caller
from app.egress import address_policy
from app.services import Services
from app.webhooks.validation.setting import Surroundings


async def surroundings(services: Services, caller: Caller) -> Surroundings:
    """The event types that the caller sees as they are now, and where this server may send requests."""
    registry = await services.registries.current(services.database, caller.workspace_id)
    known = caller.narrowing.types(registry.event_types)
    return Surroundings(
        event_types={name: entry.event_type for name, entry in known.items() if not entry.archived},
        archived={name for name, entry in known.items() if entry.archived},
        addresses=address_policy(services.settings),
        allow_http=services.settings.in_development,
    )
