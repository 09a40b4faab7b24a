"""Mutations that rotate, revoke and reveal signing secrets."""

import strawberry

from app.webhooks import secrets
from graph.context import Info
from graph.inputs.secrets import DEFAULT_OVERLAP_SECONDS, RevokeWebhookSecretInput, RotateWebhookSecretInput
from graph.inputs.webhooks import WebhookIdInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.records import Webhook


@strawberry.type(description="Payload of `rotateWebhookSecret`.")
class RotateWebhookSecretPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook after the change.")
    secret: str | None = strawberry.field(default=None, description="The new secret, shown only this once.")


@strawberry.type(description="Payload of `revokeWebhookSecret`.")
class RevokeWebhookSecretPayload(Payload):
    webhook: Webhook | None = strawberry.field(default=None, description="The webhook after the change.")


@strawberry.type(description="Payload of `revealWebhookSecret`.")
class RevealWebhookSecretPayload(Payload):
    secret: str | None = strawberry.field(default=None, description="The current secret.")


@strawberry.type
class SecretMutations:
    @mutation(
        "Replaces a webhook's signing secret. The old secret continues to sign, beside the new one, until"
        " the overlap ends. Needs SECRETS."
    )
    async def rotate_webhook_secret(
        self, info: Info, input: Input[RotateWebhookSecretInput]
    ) -> RotateWebhookSecretPayload:
        overlap = DEFAULT_OVERLAP_SECONDS if input.overlap_seconds is None else input.overlap_seconds
        rotated = await secrets.rotate_secret(
            info.context.resources, info.context.caller, input.id, input.secret, overlap
        )
        return RotateWebhookSecretPayload(webhook=Webhook.from_model(rotated.webhook), secret=rotated.secret)

    @mutation("Revokes an expiring secret before its overlap ends. Needs SECRETS.")
    async def revoke_webhook_secret(
        self, info: Info, input: Input[RevokeWebhookSecretInput]
    ) -> RevokeWebhookSecretPayload:
        webhook = await secrets.revoke_secret(info.context.resources, info.context.caller, input.id, input.secret_id)
        return RevokeWebhookSecretPayload(webhook=Webhook.from_model(webhook))

    @mutation("Returns a webhook's current secret and records that in the audit log. Needs SECRETS.")
    async def reveal_webhook_secret(self, info: Info, input: Input[WebhookIdInput]) -> RevealWebhookSecretPayload:
        secret = await secrets.reveal_secret(info.context.resources, info.context.caller, input.id)
        return RevealWebhookSecretPayload(secret=secret)
