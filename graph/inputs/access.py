"""API keys and access tokens to be made."""

from datetime import datetime

import strawberry

from app.access.keys import KeyDraft
from graph.enums import Scope

DEFAULT_TOKEN_SECONDS = 3_600


@strawberry.input(description="An API key to be made.")
class CreateApiKeyInput:
    name: str = strawberry.field(description="What it is for.")
    scopes: list[Scope] = strawberry.field(description="What it may do.")
    allowed_sources: list[str] | None = strawberry.field(
        description="CIDRs of the addresses that may use it; empty or left out: any address."
    )
    expires_at: datetime | None = strawberry.field(description="When it stops working; never, where left out.")

    def draft(self) -> KeyDraft:
        return KeyDraft(self.name, self.scopes, self.allowed_sources or (), self.expires_at)


@strawberry.input(description="Which API key.")
class ApiKeyIdInput:
    id: strawberry.ID = strawberry.field(description="Its id.")


@strawberry.input(description="A short-lived token for a browser: never more than the caller's own scopes.")
class CreateAccessTokenInput:
    scopes: list[Scope] = strawberry.field(description="What it may do: some of what the caller may do.")
    expires_in_seconds: int | None = strawberry.field(
        default=DEFAULT_TOKEN_SECONDS, description="How long it works: 60 to 86400 seconds (24 hours)."
    )
