"""Pings a webhook: sends a signed test event now, returns the response, and lists the test among the webhook's
deliveries.
"""

import asyncio
from dataclasses import dataclass

from app.access.caller import Caller
from app.clock import to_micros
from app.delivery.attempt import Sending
from app.delivery.claim import Claimed
from app.delivery.pipeline import Pipeline
from app.delivery.webhook_state import SELECT, WebhookState, fetch_states
from app.errors import Problem, Rejected, not_found
from app.ids import DELIVERY, WEBHOOK, is_id, new_id_at
from app.models import Webhook
from app.publishing.draft import PreparedEvent, example_of
from app.publishing.rows import DeliveryRow, EventRow, insert_test
from app.services import Services
from app.statuses import AttemptTrigger, Scope
from app.test_requests.event_type import chosen_event_type


@dataclass(frozen=True, slots=True)
class Pinged:
    """The test's delivery and its one attempt; None if a fault of the server itself prevented it."""

    delivery_id: str
    attempt_id: str | None


async def ping_webhook(
    services: Services, pipeline: Pipeline, caller: Caller, webhook_id: str, event_type: str | None
) -> Pinged:
    """Send one test event with the example of an event type, regardless of pause, rate limit and retries.

    Args:
        event_type: the type with the example to send; by default the first known one that the webhook selects.

    Raises:
        Rejected: NOT_FOUND for the webhook, INVALID for the event type.
    """
    caller.require(Scope.MANAGE)
    webhook = await _webhook(services, caller, webhook_id)
    registry = await services.registries.current(services.database, caller.workspace_id)
    problems: list[Problem] = []
    name = chosen_event_type(problems, caller.narrowing.types(registry.event_types), webhook.event_types, event_type)
    if problems:
        raise Rejected(problems)
    loaded = await pipeline.targets.load({webhook.id: to_micros(webhook.updated_at)}, services.clock.now())
    if webhook.id in loaded.unreadable:
        raise loaded.unreadable[webhook.id]
    event = example_of(registry.event_types[name].event_type, to_micros(services.clock.now()))
    claimed = _claimed(pipeline.worker_id, webhook, event)
    # In flight before it is in the database, because claims that a process does not send are freed.
    task = pipeline.in_flight.start(claimed, _insert_and_send(services, pipeline, claimed, event))
    return Pinged(claimed.id, await asyncio.shield(task))


async def _insert_and_send(
    services: Services, pipeline: Pipeline, claimed: Claimed, event: PreparedEvent
) -> str | None:
    try:
        webhook = await _insert(services, claimed, event)
        loaded = await pipeline.targets.load({webhook.id: webhook.updated_at}, services.clock.now())
    except BaseException:
        pipeline.require_reconciliation()
        raise
    attempt_id = await pipeline.send_and_record(Sending(claimed, loaded.targets[webhook.id], event, webhook))
    if webhook.is_failing:  # If the receiver works again, deliveries held back for it need not wait for a sweep.
        services.waker.wake([webhook.id])
    return attempt_id


async def _webhook(services: Services, caller: Caller, webhook_id: str) -> Webhook:
    webhook = None
    if is_id(WEBHOOK, webhook_id) and caller.narrowing.sees_webhook(webhook_id):
        query = Webhook.filter(id=webhook_id, workspace_id=caller.workspace_id, deleted_at=None)
        webhook = await query.using_db(services.database.orm).first()
    if webhook is None:
        raise not_found("webhook", webhook_id)
    return webhook


def _claimed(worker_id: str, webhook: Webhook, event: PreparedEvent) -> Claimed:
    return Claimed(
        id=new_id_at(DELIVERY, event.created_at),
        workspace_id=webhook.workspace_id,
        event_id=event.id,
        webhook_id=webhook.id,
        event_type=event.type,
        trigger=AttemptTrigger.TEST,
        attempt_count=0,
        retries_used=0,
        created_at=event.created_at,
        claimed_by=worker_id,
        sequence=None,
    )


async def _insert(services: Services, claimed: Claimed, event: PreparedEvent) -> WebhookState:
    """Write the event and its delivery, which is claimed; return the state of the webhook."""
    delivery = DeliveryRow(
        id=claimed.id,
        workspace_id=claimed.workspace_id,
        event_id=event.id,
        webhook_id=claimed.webhook_id,
        event_type=event.type,
        test=True,
        ordering_key=None,
        trigger=claimed.trigger,
        created_at=event.created_at,
        claimed_by=claimed.claimed_by,
    )
    async with services.database.transaction() as statements:
        await insert_test(statements, EventRow.of(claimed.workspace_id, event), delivery)
        return (await fetch_states(statements, SELECT, [claimed.webhook_id]))[claimed.webhook_id]
