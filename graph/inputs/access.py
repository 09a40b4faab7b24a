"""Inputs of the mutations on API keys and access tokens."""

from datetime import datetime

import strawberry

from app.access.keys import KeyDraft
from app.access.reach import MAX_EVENT_TYPES, MAX_WEBHOOKS, Reach
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


@strawberry.input(description="A person, as your platform knows them.")
class ActorInput:
    id: str = strawberry.field(description="Your own ID of the person.")
    name: str | None = strawberry.field(default=None, description="Name of the person, to show.")


@strawberry.input(description="Input of `createAccessToken`.")
class CreateAccessTokenInput:
    scopes: list[Scope] = strawberry.field(
        description="Scopes that the token grants, which must be among the caller's own."
    )
    expires_in_seconds: int | None = strawberry.field(
        default=DEFAULT_TOKEN_SECONDS, description="Lifetime of the token: 60 to 86400 seconds (24 hours)."
    )
    workspace_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="Workspace that the token is for. Another one than the caller's needs INSTALLATION.",
    )
    webhook_ids: list[strawberry.ID] | None = strawberry.field(
        default=None,
        description=f"Narrows the token to these webhooks, at most {MAX_WEBHOOKS}: everything else does not exist for"
        " it, and it cannot create webhooks.",
    )
    event_types: list[str] | None = strawberry.field(
        default=None,
        description='Narrows the token to events of these event types: names or patterns, e.g. "ticket.*", at most'
        f" {MAX_EVENT_TYPES}. It can create and change only webhooks that receive no others.",
    )
    actor: ActorInput | None = strawberry.field(
        default=None, description="Person whom the token acts for; the audit log names the person."
    )

    def reach(self) -> Reach:
        actor_id, actor_name = (None, None) if self.actor is None else (self.actor.id, self.actor.name)
        return Reach(self.workspace_id, self.webhook_ids, self.event_types, actor_id, actor_name)
