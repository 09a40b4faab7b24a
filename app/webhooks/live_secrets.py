"""The secrets that sign for a webhook at a given time. Reads rows; does not know how secrets are created or rotated."""

from collections.abc import Sequence
from datetime import datetime

from tortoise.expressions import Q

from app.database.database import Statements
from app.models import Secret
from app.statuses import SecretStatus


def secret_status(secret: Secret) -> SecretStatus:
    """CURRENT without an end, EXPIRING with one."""
    return SecretStatus.CURRENT if secret.expires_at is None else SecretStatus.EXPIRING


async def live_secrets(statements: Statements, webhook_ids: Sequence[str], now: datetime) -> dict[str, list[Secret]]:
    """The secrets that sign at `now`, by webhook ID: current first, then the latest. A webhook without any is left
    out.
    """
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    secrets = await Secret.filter(alive, webhook_id__in=list(webhook_ids)).using_db(statements.orm).order_by("-id")
    found: dict[str, list[Secret]] = {}
    for secret in sorted(secrets, key=lambda secret: secret.expires_at is not None):
        found.setdefault(secret.webhook_id, []).append(secret)
    return found
