"""Mutations that publish events."""

from collections.abc import Sequence

import strawberry

from app.publishing.commit import PublishedEvent
from graph.context import Info
from graph.inputs.events import PublishEventInput, PublishEventsInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.records import Event


@strawberry.type(description="Payload of `publishEvent`.")
class PublishEventPayload(Payload):
    event: Event | None = strawberry.field(
        default=None, description="The event, either new or found by its idempotency key."
    )
    delivery_count: int | None = strawberry.field(default=None, description="Number of deliveries of the event.")
    duplicate: bool | None = strawberry.field(
        default=None, description="Whether the event had already been published with this idempotency key."
    )


def _events(root: strawberry.Parent["PublishEventsPayload"]) -> list[Event] | None:
    """Built only if the client selects it, which callers that publish thousands per second seldom do."""
    return None if root.published is None else [Event.from_row(published.row) for published in root.published]


@strawberry.type(description="Payload of `publishEvents`.")
class PublishEventsPayload(Payload):
    published: strawberry.Private[Sequence[PublishedEvent] | None] = None
    events: list[Event] | None = strawberry.field(
        resolver=_events, description="The events, in the order of the input."
    )
    delivery_count: int | None = strawberry.field(
        default=None, description="Total number of deliveries; those of an event that was given twice count once."
    )
    duplicates: int | None = strawberry.field(
        default=None, description="Number of events that had already been published with their idempotency key."
    )


@strawberry.type
class EventMutations:
    @mutation(
        "Publishes an event. When the mutation returns, the event is stored and will be delivered to"
        " every matching webhook. Needs PUBLISH."
    )
    async def publish_event(self, info: Info, input: Input[PublishEventInput]) -> PublishEventPayload:
        context = info.context
        early = await context.resources.publisher.publish_early(
            context.caller, [input.draft(context.trace)], batch=False
        )
        [published] = (await context.early.of(early)).events
        return PublishEventPayload(
            event=Event.from_row(published.row),
            delivery_count=published.delivery_count,
            duplicate=published.duplicate,
        )

    @mutation("Publishes up to 1000 events, either all or none. Needs PUBLISH.")
    async def publish_events(self, info: Info, input: Input[PublishEventsInput]) -> PublishEventsPayload:
        context = info.context
        drafts = [event.draft(context.trace) for event in input.events]
        early = await context.resources.publisher.publish_early(context.caller, drafts, batch=True)
        events = (await context.early.of(early)).events
        counts = {published.row.id: published.delivery_count for published in events}
        return PublishEventsPayload(
            published=events,
            delivery_count=sum(counts.values()),
            duplicates=sum(published.duplicate for published in events),
        )
