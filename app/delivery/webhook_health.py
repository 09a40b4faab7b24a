"""What attempts say about their webhook: its run of failures, which the circuit breaker reads, and its end."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.access import audit
from app.access.caller import system
from app.clock import from_micros, to_micros
from app.database.batch import Columns
from app.database.database import Statements
from app.statuses import DeliveryStatus, WebhookStatus

if TYPE_CHECKING:
    from app.delivery.record import Recorded

_IDS: Columns = (("id", "text"),)

_RECOVERED = (
    "UPDATE webhook SET consecutive_failures = 0, failing_since = NULL, held_until = NULL"
    " FROM {rows} AS well WHERE webhook.id = well.id"
)
_FAILED = """
UPDATE webhook SET consecutive_failures = consecutive_failures + $2, failing_since = COALESCE(failing_since, $3),
  held_until = CASE WHEN CAST($4 AS BIGINT) IS NULL OR held_until > $4 THEN held_until ELSE $4 END
WHERE id = $1
"""
# Without 410 the reason rests on what was read at the claim: if an attempt has succeeded since, it no longer holds.
_DISABLE = """
UPDATE webhook SET status = 'DISABLED', status_reason = $2, status_changed_at = $3,
  updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at + 1 END
WHERE id = $1 AND status <> 'DISABLED' AND deleted_at IS NULL AND ($4 = 410 OR failing_since <= $5)
RETURNING id, workspace_id
"""


def concerns_webhook(recorded: "Recorded") -> bool:
    """Whether an attempt changes anything about its webhook."""
    decision = recorded.decision
    return decision.webhook_failed or decision.disable_reason is not None or _is_well_again(recorded)


def _is_well_again(recorded: "Recorded") -> bool:
    """Whether an attempt ends a run of failures."""
    return recorded.webhook_was_failing and recorded.decision.status is DeliveryStatus.SUCCEEDED


async def record_webhooks(statements: Statements, batch: Sequence["Recorded"]) -> set[str]:
    """Keep each webhook's run of failures; return the webhooks that were disabled by this batch."""
    failed: dict[str, list[Recorded]] = defaultdict(list)
    well = {recorded.claimed.webhook_id for recorded in batch if _is_well_again(recorded)}
    for recorded in batch:
        if recorded.decision.webhook_failed:
            failed[recorded.claimed.webhook_id].append(recorded)
    # In the order of ids, one by one: two processes that record for the same webhooks never wait for each other in a
    # circle.
    for webhook_id in sorted(failed):
        held = [to_micros(r.decision.hold_webhook_until) for r in failed[webhook_id] if r.decision.hold_webhook_until]
        first = min(recorded.finished_at for recorded in failed[webhook_id])
        await statements.execute(_FAILED, webhook_id, len(failed[webhook_id]), first, max(held, default=None))
    if well:
        await statements.fetch_rows(_RECOVERED, _IDS, [(webhook_id,) for webhook_id in sorted(well)])
    return await _disable(statements, [recorded for recorded in batch if recorded.decision.disable_reason])


async def _disable(statements: Statements, batch: Iterable["Recorded"]) -> set[str]:
    disabled = set()
    # In the order of workspaces, whose rows are locked here, for the same reason as above.
    for recorded in sorted(batch, key=lambda recorded: (recorded.claimed.workspace_id, recorded.claimed.webhook_id)):
        reason, at = recorded.decision.disable_reason, recorded.finished_at
        webhook_id, status = recorded.claimed.webhook_id, recorded.response_status or 0
        rows = await statements.fetch(_DISABLE, webhook_id, reason, at, status, recorded.failing_since or 0)
        for row in rows:
            await statements.execute(
                "UPDATE workspace SET registry_version = registry_version + 1 WHERE id = $1", row["workspace_id"]
            )
            changes = {"status": [WebhookStatus.ACTIVE, WebhookStatus.DISABLED], "statusReason": [None, reason]}
            actor = system(row["workspace_id"])
            await audit.record(statements, actor, "webhook.disabled", row["id"], changes, from_micros(at))
            disabled.add(row["id"])
    return disabled
