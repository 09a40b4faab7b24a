"""Inputs of the mutations on signing secrets."""

import strawberry

DEFAULT_OVERLAP_SECONDS = 86_400


@strawberry.input(description="Input of `rotateWebhookSecret`.")
class RotateWebhookSecretInput:
    id: strawberry.ID = strawberry.field(description="ID of the webhook.")
    secret: str | None = strawberry.field(description="The new secret; generated if omitted.")
    overlap_seconds: int | None = strawberry.field(
        default=DEFAULT_OVERLAP_SECONDS,
        description="How long the old secret continues to sign: 0 to 604800 seconds (7 days); with 0 it stops at once."
        " Secrets that are already expiring after earlier rotations keep signing until their own `expiresAt`, also with"
        " 0; `revokeWebhookSecret` ends one sooner.",
    )


@strawberry.input(description="Input of `revokeWebhookSecret`.")
class RevokeWebhookSecretInput:
    id: strawberry.ID = strawberry.field(description="ID of the webhook.")
    secret_id: strawberry.ID = strawberry.field(description="ID of the expiring secret.")
