"""Tries a delivery of a DISABLED webhook once, so that a person can see whether its receiver is well again.

It is signed with the current secret, past the webhook's status and its limits. A success counts as any other. A failure
leaves the delivery and the webhook's health as they were, but for the attempt, which is recorded.
"""

import asyncio

from app.access import audit
from app.access.caller import Caller
from app.clock import Micros, from_micros, to_micros
from app.database.database import Row, Statements
from app.delivery.attempt import Sending
from app.delivery.claim import Claimed, claimed_from
from app.delivery.claim_statements import StoredContent
from app.delivery.decide import SingleTry
from app.delivery.pipeline import Pipeline
from app.delivery.webhook_state import SELECT, WebhookState, fetch_states
from app.services import Services
from app.statuses import AttemptTrigger, DeliveryStatus

# Only if nobody else sends it, its data was not erased meanwhile, and the webhook is still DISABLED.
_CLAIM = """
UPDATE delivery SET claimed_by = $2 WHERE id = $1 AND claimed_by IS NULL AND erased_at IS NULL
  AND EXISTS (SELECT 1 FROM webhook w WHERE w.id = webhook_id AND w.status = 'DISABLED' AND w.deleted_at IS NULL)
  AND EXISTS (SELECT 1 FROM worker WHERE worker.id = $2 AND worker.lease_until > $3)
RETURNING id
"""


async def try_once(services: Services, pipeline: Pipeline, caller: Caller, row: Row) -> None:
    """Make one attempt of the delivery with this row, unless somebody else sends it or the webhook has changed."""
    claimed = _claimed(row, pipeline.worker_id)
    # In flight from before it is claimed: what a process holds without sending it is freed.
    task = pipeline.in_flight.start(claimed, _claim_and_send(services, pipeline, caller, claimed))
    await asyncio.shield(task)


async def _claim_and_send(services: Services, pipeline: Pipeline, caller: Caller, claimed: Claimed) -> None:
    try:
        async with services.database.transaction() as statements:
            found = await _claim(services, statements, caller, claimed)
        if found is None:
            return
        webhook, content = found
        loaded = await pipeline.targets.load({webhook.id: webhook.updated_at}, services.clock.now())
        if webhook.id in loaded.unreadable:
            raise loaded.unreadable[webhook.id]
    except BaseException:
        pipeline.require_reconciliation()
        raise
    await pipeline.send_and_record(Sending(claimed, loaded.targets[webhook.id], content, webhook))


async def _claim(
    services: Services, statements: Statements, caller: Caller, claimed: Claimed
) -> tuple[WebhookState, StoredContent] | None:
    """Claim the delivery; return its webhook and what is sent, or None if it cannot be had."""
    now = services.clock.now()
    if not await statements.fetch(_CLAIM, claimed.id, claimed.claimed_by, to_micros(now)):
        return None
    await audit.record(statements, caller, "delivery.tried", claimed.id, None, now)
    states = await fetch_states(statements, SELECT, [claimed.webhook_id])
    [event] = await statements.fetch("SELECT body, trace FROM event WHERE id = $1", claimed.event_id)
    return states[claimed.webhook_id], StoredContent(event["body"], event["trace"])


def _claimed(row: Row, worker_id: str) -> Claimed:
    next_attempt_at = row["next_attempt_at"]
    return claimed_from(row, worker_id, Micros(0))._replace(
        trigger=AttemptTrigger.MANUAL,
        single_try=SingleTry(
            DeliveryStatus(row["status"]), None if next_attempt_at is None else from_micros(next_attempt_at)
        ),
    )
