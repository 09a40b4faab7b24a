"""Writes on an active webhook why the server cannot serve it, and takes that away again.

The row and its audit entry change in one transaction, which is announced after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.access import audit
from app.access.caller import system
from app.clock import Clock, to_micros
from app.database.database import Database, Row, Statements
from app.statuses import WebhookStatusReason
from app.updates.bus import Updates
from app.updates.update import Topic, webhook_changed

_HOLD = "UPDATE webhook SET held_until = $2 WHERE id = $1"
# The first reason stays until it is gone.
_SAY_WHY = (
    "UPDATE webhook SET status_reason = $2, status_reason_code = $3"
    " WHERE id = $1 AND status = 'ACTIVE' AND deleted_at IS NULL"
    " AND coalesce(status_reason_code, '') NOT LIKE 'UNREADABLE%' RETURNING id, workspace_id"
)
_ASK_WHY = "SELECT status_reason FROM webhook WHERE id = $1 AND status = 'ACTIVE' AND status_reason_code = $2"
_FORGET = (
    "UPDATE webhook SET status_reason = NULL, status_reason_code = NULL"
    " WHERE id = $1 AND status = 'ACTIVE' AND status_reason_code = $2 RETURNING id, workspace_id"
)


@dataclass(frozen=True, slots=True)
class StatusReasons:
    """Says why webhooks cannot be served. `action` is that of the audit entry."""

    database: Database
    clock: Clock
    updates: Updates

    async def say(
        self, webhook_id: str, code: WebhookStatusReason, reason: str, action: str, hold: timedelta | None = None
    ) -> None:
        """Write the reason on a webhook that is active and has none like it.

        Args:
            hold: for how long no delivery of it is attempted.
        """
        async with self.database.transaction() as statements:
            if hold is not None:
                await statements.execute(_HOLD, webhook_id, to_micros(self.clock.now() + hold))
            changed = await statements.fetch(_SAY_WHY, webhook_id, reason, code)
            await self._record(statements, action, changed, [None, reason])
        self._announce(changed)

    async def withdraw(self, webhook_id: str, code: WebhookStatusReason, action: str) -> None:
        """Take the reason away from a webhook that has it."""
        async with self.database.transaction() as statements:
            asked = await statements.fetch(_ASK_WHY, webhook_id, code)
            changed = await statements.fetch(_FORGET, webhook_id, code)
            await self._record(statements, action, changed, [*(row["status_reason"] for row in asked), None])
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
