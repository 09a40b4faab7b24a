"""One change of one webhook: row, audit entry and the workspace's version in one transaction, announced after it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.access import audit
from app.access.caller import Caller
from app.clock import to_micros
from app.database.database import Statements
from app.errors import UserErrorCode, not_found, rejected
from app.ids import WEBHOOK, is_id
from app.models import Webhook
from app.services import Services
from app.statuses import ChangeKind
from app.updates.update import Topic, webhook_changed

# The API shows times to the millisecond, and no two changes may show the same one.
_STEP = timedelta(milliseconds=1)


@dataclass(slots=True)
class Change:
    """A webhook whose row is locked until the transaction ends."""

    statements: Statements
    caller: Caller
    webhook: Webhook
    at: datetime
    recorded: bool = False

    async def record(self, action: str, changes: Mapping[str, Any] | None) -> None:
        """Write the row as it is now, the audit entry, and the workspace's new version."""
        # Senders cache a webhook while its updated_at stays, so it moves forward whatever the clock does.
        self.webhook.updated_at = max(self.at, self.webhook.updated_at + _STEP)
        # The webhook's row, which is locked, comes before the workspace's, as in the recorder of attempts, so that two
        # transactions cannot deadlock.
        self.webhook.registry_version = await raise_registry_version(self.statements, self.caller.workspace_id)
        await self.webhook.save(using_db=self.statements.orm)
        await audit.record(self.statements, self.caller, action, self.webhook.id, changes, self.at)
        self.recorded = True


@asynccontextmanager
async def changing(services: Services, caller: Caller, webhook_id: str) -> AsyncIterator[Change]:
    """A transaction around one webhook of the caller's workspace; a recorded change is announced after it.

    Raises:
        Rejected: NOT_FOUND; CONFLICT if the webhook receives event types that the caller's token does not cover. Such a
            token could otherwise send them elsewhere.
    """
    at = services.clock.now()
    async with services.database.transaction() as statements:
        webhook = await find_webhook(statements, caller, webhook_id, lock=True)
        require_covered(caller, webhook)
        change = Change(statements, caller, webhook, at)
        yield change
    if change.recorded:
        kind = ChangeKind.UPDATED if change.webhook.deleted_at is None else ChangeKind.DELETED
        announce(services, caller.workspace_id, [webhook_id], at, kind)


async def find_webhook(
    statements: Statements, caller: Caller, webhook_id: str, *path: str, lock: bool = False
) -> Webhook:
    """A webhook of the caller's workspace; with `lock`, no other transaction changes its row until this one ends.

    Raises:
        Rejected: NOT_FOUND.
    """
    if not is_id(WEBHOOK, webhook_id) or not caller.narrowing.sees_webhook(webhook_id):
        raise not_found("webhook", webhook_id, *path)
    query = Webhook.filter(id=webhook_id, workspace_id=caller.workspace_id, deleted_at=None).using_db(statements.orm)
    # On SQLite there is no such lock and none is needed: a transaction is the only writer.
    found = await (query.select_for_update() if lock else query)
    if not found:
        raise not_found("webhook", webhook_id, *path)
    return found[0]


def require_covered(caller: Caller, webhook: Webhook) -> None:
    """Check that the caller's token covers all event types of a webhook.

    Raises:
        Rejected: CONFLICT.
    """
    if caller.narrowing.uncovered(webhook.event_types):
        covered = ", ".join(caller.narrowing.event_types or ())
        message = (
            f"The webhook {webhook.id} receives {', '.join(webhook.event_types)}, and your token covers only {covered};"
            " it can be changed with a token that covers all of them."
        )
        raise rejected(UserErrorCode.CONFLICT, message, "id")


async def raise_registry_version(statements: Statements, workspace_id: str) -> int:
    """Mark in the workspace's row that publishers' copies of its webhooks are outdated. Locks the row.

    Returns:
        The version, which a webhook changed by this transaction stores in its own row.
    """
    (row,) = await statements.fetch(
        "UPDATE workspace SET registry_version = registry_version + 1 WHERE id = $1 RETURNING registry_version",
        workspace_id,
    )
    return int(row["registry_version"])


def announce(
    services: Services,
    workspace_id: str,
    webhook_ids: Sequence[str],
    at: datetime,
    kind: ChangeKind = ChangeKind.UPDATED,
) -> None:
    """Announce to followers that these webhooks changed; followers read them again."""
    updates = [webhook_changed(workspace_id, webhook_id, to_micros(at), kind) for webhook_id in webhook_ids]
    services.updates.announce(Topic.WEBHOOKS, updates)
