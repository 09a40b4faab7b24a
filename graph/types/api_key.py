"""API keys: who may call."""

from datetime import datetime

import strawberry

from app.models import ApiKey as ApiKeyModel
from graph.enums import Scope
from graph.types.connection import Connection
from graph.types.node import Node


@strawberry.type(description="A key that programs call with. The key itself is shown once, when it is made.")
class ApiKey(Node):
    name: str = strawberry.field(description="What it is for.")
    hint: str = strawberry.field(description="The last four characters of the key.")
    scopes: list[Scope] = strawberry.field(description="What it may do.")
    allowed_sources: list[str] = strawberry.field(
        description="CIDRs of the addresses that may use it; empty means any address."
    )
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="When it stops working; null means never.")
    last_used_at: datetime | None = strawberry.field(description="About when it was last used.")
    revoked_at: datetime | None = strawberry.field(description="When it was revoked, if it was.")

    @classmethod
    def from_model(cls, key: ApiKeyModel) -> "ApiKey":
        return cls(
            id=strawberry.ID(key.id),
            name=key.name,
            hint=key.hint,
            scopes=[Scope(scope) for scope in key.scopes],
            allowed_sources=key.allowed_sources,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            revoked_at=key.revoked_at,
        )


@strawberry.type(description="A page of API keys, newest first, revoked ones too.")
class ApiKeyConnection(Connection[ApiKey]):
    pass
