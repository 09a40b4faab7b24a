"""Signing secrets to be rotated and revoked."""

import strawberry

DEFAULT_OVERLAP_SECONDS = 86_400


@strawberry.input(description="A new signing secret for a webhook.")
class RotateWebhookSecretInput:
    id: strawberry.ID = strawberry.field(description="Which webhook.")
    secret: str | None = strawberry.field(description="The new secret; made when left out.")
    overlap_seconds: int | None = strawberry.field(
        default=DEFAULT_OVERLAP_SECONDS, description="How long the present secret signs too: 0 to 604800 (7 days)."
    )


@strawberry.input(description="An expiring secret that is to sign no more.")
class RevokeWebhookSecretInput:
    id: strawberry.ID = strawberry.field(description="Which webhook.")
    secret_id: strawberry.ID = strawberry.field(description="Which of its secrets.")
