"""Making and revoking API keys, and making access tokens."""

from datetime import datetime

import strawberry

from app.access import keys, tokens
from graph.context import Info
from graph.inputs.access import DEFAULT_TOKEN_SECONDS, ApiKeyIdInput, CreateAccessTokenInput, CreateApiKeyInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.api_key import ApiKey


@strawberry.type(description="What became of createApiKey.")
class CreateApiKeyPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="The key, as it is shown from now on.")
    key: str | None = strawberry.field(default=None, description="The key itself, shown this once.")


@strawberry.type(description="What became of revokeApiKey.")
class RevokeApiKeyPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="The key, which works no more.")


@strawberry.type(description="What became of createAccessToken.")
class CreateAccessTokenPayload(Payload):
    token: str | None = strawberry.field(default=None, description="The token, shown this once; used like a key.")
    expires_at: datetime | None = strawberry.field(default=None, description="When it stops working.")


@strawberry.type
class AccessMutations:
    @mutation("Makes an API key for this workspace. Needs ADMIN.")
    async def create_api_key(self, info: Info, input: Input[CreateApiKeyInput]) -> CreateApiKeyPayload:
        created = await keys.create_key(info.context.resources, info.context.caller, input.draft())
        return CreateApiKeyPayload(api_key=ApiKey.from_model(created.api_key), key=created.key)

    @mutation("Ends an API key, every token made with it, and every subscription that runs on either. Needs ADMIN.")
    async def revoke_api_key(self, info: Info, input: Input[ApiKeyIdInput]) -> RevokeApiKeyPayload:
        revoked = await keys.revoke_key(info.context.resources, info.context.caller, input.id)
        return RevokeApiKeyPayload(api_key=ApiKey.from_model(revoked))

    @mutation("Makes a short-lived token for a browser, with some of the caller's own scopes. Needs an API key.")
    async def create_access_token(self, info: Info, input: Input[CreateAccessTokenInput]) -> CreateAccessTokenPayload:
        seconds = DEFAULT_TOKEN_SECONDS if input.expires_in_seconds is None else input.expires_in_seconds
        made = await tokens.create_access_token(info.context.resources, info.context.caller, input.scopes, seconds)
        return CreateAccessTokenPayload(token=made.token, expires_at=made.expires_at)
