"""Mutations that create and revoke API keys, and create access tokens."""

from datetime import datetime

import strawberry

from app.access import keys, tokens
from graph.context import Info
from graph.inputs.access import DEFAULT_TOKEN_SECONDS, ApiKeyIdInput, CreateAccessTokenInput, CreateApiKeyInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.api_key import ApiKey


@strawberry.type(description="Payload of `createApiKey`.")
class CreateApiKeyPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="The new API key, without the key itself.")
    key: str | None = strawberry.field(default=None, description="The key itself, shown only this once.")


@strawberry.type(description="Payload of `revokeApiKey`.")
class RevokeApiKeyPayload(Payload):
    api_key: ApiKey | None = strawberry.field(default=None, description="The revoked API key.")


@strawberry.type(description="Payload of `createAccessToken`.")
class CreateAccessTokenPayload(Payload):
    token: str | None = strawberry.field(
        default=None, description="The access token, shown only this once. It is used like an API key."
    )
    expires_at: datetime | None = strawberry.field(default=None, description="Time at which the token expires.")


@strawberry.type
class AccessMutations:
    @mutation("Creates an API key for this workspace, with some of the caller's own scopes. Needs ADMIN.")
    async def create_api_key(self, info: Info, input: Input[CreateApiKeyInput]) -> CreateApiKeyPayload:
        created = await keys.create_key(info.context.resources, info.context.caller, input.draft())
        return CreateApiKeyPayload(api_key=ApiKey.from_model(created.api_key), key=created.key)

    @mutation(
        "Revokes an API key, every access token created with it, and every subscription that uses either. Needs ADMIN."
    )
    async def revoke_api_key(self, info: Info, input: Input[ApiKeyIdInput]) -> RevokeApiKeyPayload:
        revoked = await keys.revoke_key(
            info.context.resources, info.context.resources.authenticator.keys, info.context.caller, input.id
        )
        return RevokeApiKeyPayload(api_key=ApiKey.from_model(revoked))

    @mutation(
        "Creates a short-lived access token for a browser, with some of the caller's own scopes. Needs an API key."
    )
    async def create_access_token(self, info: Info, input: Input[CreateAccessTokenInput]) -> CreateAccessTokenPayload:
        seconds = DEFAULT_TOKEN_SECONDS if input.expires_in_seconds is None else input.expires_in_seconds
        made = await tokens.create_access_token(
            info.context.resources.authenticator, info.context.caller, input.scopes, seconds, input.reach()
        )
        return CreateAccessTokenPayload(token=made.token, expires_at=made.expires_at)
