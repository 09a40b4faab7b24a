"""Webhooks with secrets or credentials that cannot be decrypted: their deliveries wait, and the webhook says why.

The webhook is held back for a while at a time, because the key may be restored or another process may have it. A
process that can read it again removes the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.access import audit
from app.access.caller import system
from app.clock import Clock, to_micros
from app.database.database import Database, Row, Statements
from app.updates.bus import Updates
from app.updates.update import Topic, webhook_changed

log = structlog.get_logger()

HELD_FOR = timedelta(seconds=60)
REASON = (
    "The webhook's secrets or credentials cannot be decrypted, so its deliveries wait. Give the server the encryption"
    " key that encrypted them, rotate the secret, or replace the webhook."
)

_HOLD = "UPDATE webhook SET held_until = $2 WHERE id = $1"
_SAY_WHY = (
    "UPDATE webhook SET status_reason = $2, status_reason_code = 'UNREADABLE_SECRETS'"
    " WHERE id = $1 AND status = 'ACTIVE' AND deleted_at IS NULL"
    " AND coalesce(status_reason_code, '') <> 'UNREADABLE_SECRETS' RETURNING id, workspace_id"
)
_FORGET = (
    "UPDATE webhook SET status_reason = NULL, status_reason_code = NULL"
    " WHERE id = $1 AND status = 'ACTIVE' AND status_reason_code = 'UNREADABLE_SECRETS' RETURNING id, workspace_id"
)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Records which webhooks cannot be read, and which can be read again."""

    database: Database
    clock: Clock
    updates: Updates

    async def hold(self, errors: Mapping[str, Exception]) -> None:
        """Hold webhooks back; `errors` says why each cannot be read."""
        for webhook_id, error in sorted(errors.items()):
            log.error("webhook.unreadable", webhook_id=webhook_id, error=str(error))
            async with self.database.transaction() as statements:
                await statements.execute(_HOLD, webhook_id, to_micros(self.clock.now() + HELD_FOR))
                changed = await statements.fetch(_SAY_WHY, webhook_id, REASON)
                await self._record(statements, "webhook.held", changed, [None, REASON])
            self._announce(changed)

    async def release(self, webhook_ids: Sequence[str]) -> None:
        """Remove the reason from webhooks that can be read again."""
        for webhook_id in sorted(webhook_ids):
            async with self.database.transaction() as statements:
                changed = await statements.fetch(_FORGET, webhook_id)
                await self._record(statements, "webhook.released", changed, [REASON, None])
            self._announce(changed)

    async def _record(
        self, statements: Statements, action: str, changed: Sequence[Row], reason: list[str | None]
    ) -> None:
        for row in changed:
            changes, at = {"statusReason": reason}, self.clock.now()
            await audit.record(statements, system(row["workspace_id"]), action, row["id"], changes, at)

    def _announce(self, changed: Sequence[Row]) -> None:
        at = to_micros(self.clock.now())
        self.updates.announce(Topic.WEBHOOKS, [webhook_changed(row["workspace_id"], row["id"], at) for row in changed])
