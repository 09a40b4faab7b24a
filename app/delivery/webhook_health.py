"""What attempts say about their webhook: its run of failures, which the circuit breaker reads, the end of that run, and
its problems.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from app.access import audit
from app.access.caller import system
from app.clock import Micros, from_micros, to_micros
from app.database.batch import IDS
from app.database.database import Statements
from app.delivery.finished_attempt import FinishedAttempt
from app.delivery.problems import open_problems, resolve_problems
from app.statuses import WebhookStatus

_RECOVERED = (
    "UPDATE webhook SET consecutive_failures = 0, failing_since = NULL, held_until = NULL, has_problems = NULL"
    " FROM {rows} AS well WHERE webhook.id = well.id"
)
# The last success is kept when a run of failures begins, because it moves further back with each attempt. A batch
# records at most 500 attempts, so at most 500 failures may already lie after it.
_FAILED = """
UPDATE webhook SET consecutive_failures = consecutive_failures + $2, failing_since = COALESCE(failing_since, $3),
  has_problems = TRUE,
  held_until = CASE WHEN CAST($4 AS BIGINT) IS NULL OR held_until > $4 THEN held_until ELSE $4 END,
  last_failure_id = CASE WHEN last_failure_id > $5 THEN last_failure_id ELSE $5 END,
  last_success_id = CASE WHEN failing_since IS NOT NULL THEN last_success_id ELSE COALESCE((
    SELECT max(recent.id) FROM (
      SELECT id, outcome FROM attempt WHERE attempt.webhook_id = $1 ORDER BY id DESC LIMIT 500
    ) AS recent WHERE recent.outcome = 'SUCCEEDED'
  ), last_success_id) END
WHERE id = $1 AND deleted_at IS NULL
"""
# Runs after its workspace's version was raised, because the registry reads webhooks by the version that changed them.
# `_DISABLE` reads the run of failures again, except after 410: an attempt may have succeeded since the claim read it.
_CHANGED = """
UPDATE webhook SET registry_version = (SELECT w.registry_version FROM workspace w WHERE w.id = webhook.workspace_id)
WHERE id = $1
"""
_DISABLE = """
UPDATE webhook SET status = 'DISABLED', status_reason = $2, status_reason_code = $6, status_changed_at = $3,
  updated_at = CASE WHEN updated_at < $3 THEN $3 ELSE updated_at + 1 END
WHERE id = $1 AND status <> 'DISABLED' AND deleted_at IS NULL AND ($4 = 410 OR failing_since <= $5)
RETURNING id, workspace_id
"""


async def record_webhooks(statements: Statements, batch: Sequence[FinishedAttempt]) -> set[str]:
    """Update each webhook's run of failures; return the webhooks that this batch disabled."""
    failed: dict[str, list[FinishedAttempt]] = defaultdict(list)
    well: dict[str, Micros] = {}
    for finished in batch:
        if finished.decision.webhook_failed:
            failed[finished.claimed.webhook_id].append(finished)
        elif finished.resolves_problems:
            webhook_id = finished.claimed.webhook_id
            well[webhook_id] = max(finished.finished_at, well.get(webhook_id, Micros(0)))
    there = []
    # In the order of IDs, one by one, so that two processes that record for the same webhooks cannot deadlock.
    for webhook_id in sorted(failed):
        held = [to_micros(r.decision.hold_webhook_until) for r in failed[webhook_id] if r.decision.hold_webhook_until]
        first = min(finished.finished_at for finished in failed[webhook_id])
        last = max(finished.attempt_id for finished in failed[webhook_id])
        values = (len(failed[webhook_id]), first, max(held, default=None), last)
        if await statements.execute(_FAILED, webhook_id, *values):
            there += failed[webhook_id]
    await open_problems(statements, there)
    if well:
        await statements.fetch_rows(_RECOVERED, IDS, [(webhook_id,) for webhook_id in sorted(well)])
        await resolve_problems(statements, well)
    return await _disable(statements, [finished for finished in batch if finished.decision.disable_reason])


async def _disable(statements: Statements, batch: Iterable[FinishedAttempt]) -> set[str]:
    disabled = set()
    # In the order of workspaces, whose rows are locked here, for the same reason as above.
    for finished in sorted(batch, key=lambda finished: (finished.claimed.workspace_id, finished.claimed.webhook_id)):
        reason, at = finished.decision.disable_reason, finished.finished_at
        webhook_id, status = finished.claimed.webhook_id, finished.response_status or 0
        since, code = finished.webhook.failing_since or 0, finished.decision.disable_reason_code
        rows = await statements.fetch(_DISABLE, webhook_id, reason, at, status, since, code)
        for row in rows:
            await statements.execute(
                "UPDATE workspace SET registry_version = registry_version + 1 WHERE id = $1", row["workspace_id"]
            )
            await statements.execute(_CHANGED, row["id"])
            changes = {"status": [WebhookStatus.ACTIVE, WebhookStatus.DISABLED], "statusReason": [None, reason]}
            actor = system(row["workspace_id"])
            await audit.record(statements, actor, "webhook.disabled", row["id"], changes, from_micros(at))
            disabled.add(row["id"])
    return disabled
