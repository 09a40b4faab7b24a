"""Signing secrets: rotates, revokes and reveals them, and hands the live ones to the sender.

Refuses to know how something is signed (`app.signing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from app.access.caller import Caller
from app.database.database import Database
from app.models import Secret, Webhook
from app.statuses import SecretStatus

if TYPE_CHECKING:
    from app.resources import Resources


@dataclass(frozen=True, slots=True)
class Rotated:
    """The webhook, and its new secret, which is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)


def secret_status(secret: Secret) -> SecretStatus:
    """CURRENT without an end, EXPIRING with one."""
    raise NotImplementedError


async def live_secrets(database: Database, webhook_ids: Sequence[str], now: datetime) -> dict[str, list[Secret]]:
    """The secrets that sign at `now`, by webhook id, the current one first. A webhook without any is left out."""
    raise NotImplementedError


async def rotate_secret(
    resources: "Resources", caller: Caller, webhook_id: str, secret: str | None, overlap_seconds: int
) -> Rotated:
    raise NotImplementedError


async def revoke_secret(resources: "Resources", caller: Caller, webhook_id: str, secret_id: str) -> Webhook:
    raise NotImplementedError


async def reveal_secret(resources: "Resources", caller: Caller, webhook_id: str) -> str:
    raise NotImplementedError


async def rotate_due_secrets(resources: "Resources") -> int:
    """Rotate what is due by `rotate_secret_every_days`; returns how many."""
    raise NotImplementedError
