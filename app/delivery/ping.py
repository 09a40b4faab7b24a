"""Pings a webhook: a test event, signed and sent now, answered with what came back, and listed among its deliveries."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.access.caller import Caller
from app.catalogue.explanation import quoted
from app.catalogue.patterns import compile_patterns
from app.clock import to_micros
from app.delivery.attempt import Sending
from app.delivery.claim import Claimed
from app.errors import UserErrorCode, not_found, rejected
from app.ids import DELIVERY, WEBHOOK, is_id, new_id_at
from app.models import Webhook
from app.publishing.draft import PreparedEvent, example_of
from app.publishing.rows import DeliveryRow, EventRow, insert
from app.registry import Registry
from app.statuses import AttemptTrigger, Scope

if TYPE_CHECKING:
    from app.resources import Resources


@dataclass(frozen=True, slots=True)
class Pinged:
    """The test's delivery and its one attempt; None where a fault of the server's own kept it from being made."""

    delivery_id: str
    attempt_id: str | None


async def ping_webhook(resources: "Resources", caller: Caller, webhook_id: str, event_type: str | None) -> Pinged:
    """Send one test event with the example of an event type, past pause, rate limit and retries.

    Args:
        event_type: whose example to send; the first known one that the webhook asks for, where left out.

    Raises:
        Rejected: NOT_FOUND for the webhook, INVALID for the event type.
    """
    caller.require(Scope.MANAGE)
    webhook = await _webhook(resources, caller, webhook_id)
    registry = await resources.registries.current(resources.database, caller.workspace_id)
    name = _event_type(registry, webhook, event_type)
    event = example_of(registry.event_types[name].event_type, to_micros(resources.clock.now()))
    claimed = _claimed(resources.lease.worker_id, webhook, event)
    # In flight from before it is in the database: what a process holds without sending it is freed.
    task = resources.pipeline.in_flight.start(claimed, _insert_and_send(resources, webhook, claimed, event))
    return Pinged(claimed.id, await asyncio.shield(task))


async def _insert_and_send(
    resources: "Resources", webhook: Webhook, claimed: Claimed, event: PreparedEvent
) -> str | None:
    try:
        await _insert(resources, claimed, event)
        sending = await _load(resources, webhook, claimed, event)
    except BaseException:
        resources.pipeline.doubt()
        raise
    return await resources.pipeline.send_and_record(sending)


async def _webhook(resources: "Resources", caller: Caller, webhook_id: str) -> Webhook:
    webhook = None
    if is_id(WEBHOOK, webhook_id):
        query = Webhook.filter(id=webhook_id, workspace_id=caller.workspace_id, deleted_at=None)
        webhook = await query.using_db(resources.database.orm).first()
    if webhook is None:
        raise not_found("webhook", webhook_id)
    return webhook


def _event_type(registry: Registry, webhook: Webhook, asked: str | None) -> str:
    if asked is not None:
        if asked not in registry.event_types:
            message = f"There is no event type {quoted(asked)}. Query eventTypes for those there are."
            raise rejected(UserErrorCode.INVALID, message, "eventType")
        return asked
    matcher = compile_patterns(webhook.event_types)
    return next((name for name in registry.event_types if matcher.matches(name)), next(iter(registry.event_types)))


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
    )


async def _insert(resources: "Resources", claimed: Claimed, event: PreparedEvent) -> None:
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
    async with resources.database.transaction() as statements:
        await insert(statements, [EventRow.of(claimed.workspace_id, event)], [delivery])


async def _load(resources: "Resources", webhook: Webhook, claimed: Claimed, event: PreparedEvent) -> Sending:
    targets = await resources.pipeline.targets.load({webhook.id: to_micros(webhook.updated_at)}, resources.clock.now())
    facts = {"failing_since": None, "consecutive_failures": 0}
    return Sending(claimed, targets[webhook.id], event.body, facts)
