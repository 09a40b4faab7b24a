"""Mutations that create, change and archive event types."""

import strawberry

from app.event_types import definitions
from graph.context import Info
from graph.inputs.event_types import CreateEventTypeInput, UpdateEventTypeInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.event_type import EventType


@strawberry.type(description="Payload of `createEventType`.")
class CreateEventTypePayload(Payload):
    event_type: EventType | None = strawberry.field(default=None, description="The new event type.")


@strawberry.type(description="Payload of `updateEventType`.")
class UpdateEventTypePayload(Payload):
    event_type: EventType | None = strawberry.field(default=None, description="The event type after the change.")


@strawberry.type
class EventTypeMutations:
    @mutation("Creates an event type, which can be published and selected by webhooks from now on. Needs ADMIN.")
    async def create_event_type(self, info: Info, input: Input[CreateEventTypeInput]) -> CreateEventTypePayload:
        known = await definitions.create_event_type(info.context.resources, info.context.caller, input.draft())
        return CreateEventTypePayload(event_type=EventType.from_known(known))

    @mutation("Changes or archives an event type. Needs ADMIN.")
    async def update_event_type(self, info: Info, input: Input[UpdateEventTypeInput]) -> UpdateEventTypePayload:
        known = await definitions.update_event_type(
            info.context.resources, info.context.caller, input.name, input.changes()
        )
        return UpdateEventTypePayload(event_type=EventType.from_known(known))
