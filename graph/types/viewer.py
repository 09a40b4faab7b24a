"""The caller."""

from datetime import datetime

import strawberry

from graph.context import Info
from graph.enums import Scope
from graph.rows import if_found
from graph.types.actor import Actor
from graph.types.api_key import ApiKey
from graph.types.workspace import Workspace


@strawberry.type(description="The caller.")
class Viewer:
    scopes: list[Scope] = strawberry.field(description="Scopes that the caller has.")
    actor: Actor = strawberry.field(description="Whom the audit log names for changes of the caller.")
    expires_at: datetime | None = strawberry.field(
        description="Time at which the API key or access token in use expires; null means never."
    )
    webhook_ids: list[strawberry.ID] | None = strawberry.field(
        description="IDs of the webhooks that the access token in use is narrowed to; null means all."
    )
    event_types: list[str] | None = strawberry.field(
        description="Names and patterns of the event types that the access token in use is narrowed to; null means all."
    )

    @strawberry.field(description="The workspace that everything visible to the caller belongs to.")
    async def workspace(self, info: Info) -> Workspace:
        row = await info.context.loaders.workspaces.load(info.context.caller.workspace_id)
        assert row is not None  # the caller's key belongs to it
        return Workspace.from_row(row)

    @strawberry.field(
        description="The API key in use, or the one that created the access token in use; null for a token that"
        " is narrowed or for another workspace than the key's."
    )
    async def api_key(self, info: Info) -> ApiKey | None:
        key_id = info.context.caller.api_key_id
        if key_id is None:
            return None
        return if_found(ApiKey.from_model, await info.context.loaders.api_keys.load(key_id))
