"""Signing secrets, without the secrets themselves."""

from datetime import datetime

import strawberry

from app.models import Secret
from app.webhooks.live_secrets import secret_status
from graph.enums import SecretStatus
from graph.types.node import Node


@strawberry.type(
    description="A secret that signs a webhook's requests. `revealWebhookSecret` returns the secret itself."
)
class WebhookSecret(Node):
    status: SecretStatus = strawberry.field(description="Whether this is the current secret or an expiring one.")
    hint: str = strawberry.field(description="Last four characters of the secret.")
    created_at: datetime = strawberry.field(description="Time of creation.")
    expires_at: datetime | None = strawberry.field(
        description="Time at which the secret stops signing; null for the current secret."
    )
    public_key: str | None = strawberry.field(
        description="Public key that verifies signatures (whpk_…); null unless the scheme is ED25519."
    )

    @classmethod
    def from_model(cls, secret: Secret) -> "WebhookSecret":
        return cls(
            id=strawberry.ID(secret.id),
            status=secret_status(secret),
            hint=secret.hint,
            created_at=secret.created_at,
            expires_at=secret.expires_at,
            public_key=secret.public_key,
        )
