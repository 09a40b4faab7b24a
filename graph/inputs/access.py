"""Inputs of the mutations on API keys and access tokens."""

from datetime import datetime

import strawberry

from app.access.keys import KeyDraft
from graph.enums import Scope

DEFAULT_TOKEN_SECONDS = 3_600


@strawberry.input(description="Input of `createApiKey`.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="Name of the key, which describes its use.")
    scopes: list[Scope] = strawberry.field(
        description="Scopes that the key grants, which must be among the caller's own."
    )
    allowed_sources: list[str] | None = strawberry.field(
        description="CIDR ranges of the addresses that may use the key; any address if empty or omitted."
    )
    expires_at: datetime | None = strawberry.field(description="Time at which the key expires; never if omitted.")

    def draft(self) -> KeyDraft:
        return KeyDraft(self.name, self.scopes, self.allowed_sources or (), self.expires_at)


@strawberry.input(description="Identifies an API key.")
class ApiKeyIdInput:
    id: strawberry.ID = strawberry.field(description="ID of the API key.")


@strawberry.input(description="Input of `createAccessToken`.")
class CreateAccessTokenInput:
    scopes: list[Scope] = strawberry.field(
        description="Scopes that the token grants, which must be among the caller's own."
    )
    expires_in_seconds: int | None = strawberry.field(
        default=DEFAULT_TOKEN_SECONDS, description="Lifetime of the token: 60 to 86400 seconds (24 hours)."
    )
