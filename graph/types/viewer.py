"""The caller."""

import strawberry

from graph.context import Info
from graph.enums import Scope
from graph.types.api_key import ApiKey
from graph.types.workspace import Workspace


@strawberry.type(description="The caller.")
class Viewer:
    scopes: list[Scope] = strawberry.field(description="Scopes that the caller has.")

    @strawberry.field(description="The workspace that everything visible to the caller belongs to.")
    async def workspace(self, info: Info) -> Workspace:
        row = await info.context.resources.database.fetch_one(
            "SELECT id, name, created_at FROM workspace WHERE id = $1", info.context.caller.workspace_id
        )
        assert row is not None  # the caller's key belongs to it
        return Workspace.from_row(row)

    @strawberry.field(description="The API key in use, or the one that the access token in use was created with.")
    async def api_key(self, info: Info) -> ApiKey | None:
        key_id = info.context.caller.api_key_id
        return None if key_id is None else await info.context.loaders.api_keys.load(key_id)
