"""Signing secrets, as far as anybody may see them."""

from datetime import datetime

import strawberry

from app.models import Secret
from app.webhooks.secrets import secret_status
from graph.enums import SecretStatus
from graph.types.node import Node


@strawberry.type(description="A secret that signs a webhook's requests. `revealWebhookSecret` shows the secret itself.")
class WebhookSecret(Node):
    status: SecretStatus = strawberry.field(description="Whether it is the current one.")
    hint: str = strawberry.field(description="The last four characters of the secret.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime | None = strawberry.field(description="Until when it signs too; null for the current one.")
    public_key: str | None = strawberry.field(
        description="The key that verifies its signatures (whpk_…), where the scheme is ED25519."
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
