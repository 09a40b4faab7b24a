"""API keys."""

from datetime import datetime

import strawberry

from app.models import ApiKey as ApiKeyModel
from graph.enums import Scope
from graph.types.connection import Connection
from graph.types.node import Node


@strawberry.type(
    description="An API key, with which programs authenticate. The key itself is shown only once, when it is created."
)
class ApiKey(Node):
    name: str = strawberry.field(description="Name of the key, which describes its use.")
    hint: str = strawberry.field(description="Last four characters of the key.")
    scopes: list[Scope] = strawberry.field(description="Scopes that the key grants.")
    allowed_sources: list[str] = strawberry.field(
        description="CIDR ranges of the addresses that may use the key; empty means any address."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")
    expires_at: datetime | None = strawberry.field(description="Time at which the key expires; null means never.")
    last_used_at: datetime | None = strawberry.field(description="Approximate time of the last use.")
    revoked_at: datetime | None = strawberry.field(description="Time at which the key was revoked; null if it was not.")

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


@strawberry.type(description="A page of API keys, newest first, including revoked keys.")
class ApiKeyConnection(Connection[ApiKey]):
    pass
