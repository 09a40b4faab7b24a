"""Mutations that try settings of a webhook without saving anything: its connection, and its filter."""

import strawberry

from app.sender.outcome import Answered
from app.test_requests.preview_filter import MAX_LOOKED, MAX_SECONDS, MAX_SHOWN, preview_filter
from app.test_requests.try_connection import ConnectionTried, try_connection
from app.test_requests.try_webhook import try_webhook
from graph.context import Info
from graph.enums import ConnectionStepName
from graph.inputs.webhooks import PreviewFilterInput, TestConnectionInput, TestWebhookInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.attempt import AttemptRequest, AttemptResponse
from graph.types.header import Header
from graph.types.records import Event


@strawberry.type(description="One step of a test request.")
class ConnectionStep:
    name: ConnectionStepName = strawberry.field(description="Name of the step.")
    ok: bool = strawberry.field(description="Whether the step succeeded. The steps end at the first failure.")
    duration_ms: float = strawberry.field(description="Duration of the step, in milliseconds.")
    detail: str = strawberry.field(description="Result of the step, as a sentence.")


@strawberry.type(description="Payload of `testConnection`.")
class TestConnectionPayload(Payload):
    ok: bool | None = strawberry.field(default=None, description="Whether the receiver answered with a 2xx status.")
    steps: list[ConnectionStep] | None = strawberry.field(
        default=None, description="The steps, up to and including the first that failed."
    )
    request: AttemptRequest | None = strawberry.field(
        default=None, description="The request that was sent, or would have been sent."
    )
    response: AttemptResponse | None = strawberry.field(
        default=None, description="The response that was received; null if there was none."
    )


@strawberry.type(description="Payload of `previewFilter`.")
class PreviewFilterPayload(Payload):
    looked: int | None = strawberry.field(default=None, description="Number of past events looked at, newest first.")
    matched: int | None = strawberry.field(default=None, description="Number of those events that match.")
    events: list[Event] | None = strawberry.field(
        default=None, description=f"The newest events that match, at most {MAX_SHOWN}."
    )


@strawberry.type
class ConnectionMutations:
    @mutation("Sends one test event with unsaved webhook settings and reports each step. Saves nothing. Needs MANAGE.")
    async def test_connection(self, info: Info, input: Input[TestConnectionInput]) -> TestConnectionPayload:
        context = info.context
        tried = await try_connection(
            context.resources, context.resources.sender, context.caller, input.webhook.draft(), input.event_type
        )
        return _payload(tried)

    @mutation(
        "Sends one request to a webhook with its stored secrets and credentials, optionally with changes that are not"
        " saved or a past event, and reports each step. Saves nothing, and does not count for its health. Needs MANAGE."
    )
    async def test_webhook(self, info: Info, input: Input[TestWebhookInput]) -> TestConnectionPayload:
        context = info.context
        tried = await try_webhook(
            context.resources,
            context.resources.sender,
            context.caller,
            input.id,
            input.unsaved(),
            input.event_id,
            input.event_type,
        )
        return _payload(tried)

    @mutation(
        f"Runs a filter over at most {MAX_LOOKED:,} past events within about {MAX_SECONDS:.0f} seconds. Saves nothing."
        " Needs READ."
    )
    async def preview_filter(self, info: Info, input: Input[PreviewFilterInput]) -> PreviewFilterPayload:
        context = info.context
        preview = await preview_filter(context.resources, context.caller, input.filter, input.event_types, input.since)
        events = await context.loaders.events.load_many(preview.event_ids)
        return PreviewFilterPayload(
            looked=preview.looked,
            matched=preview.matched,
            events=[Event.from_row(event) for event in events if event is not None],
        )


def _payload(tried: ConnectionTried) -> TestConnectionPayload:
    request, response = tried.request, tried.response
    return TestConnectionPayload(
        ok=tried.ok,
        steps=[
            ConnectionStep(name=step.name, ok=step.ok, duration_ms=step.duration_ms, detail=step.detail)
            for step in tried.steps
        ],
        request=AttemptRequest(
            method=request.method, url=request.url, headers=Header.all(request.headers), text=request.body
        ),
        response=None if response is None else _response(response),
    )


def _response(answered: Answered) -> AttemptResponse:
    return AttemptResponse(
        status=answered.status,
        headers=Header.all(answered.headers),
        truncated=answered.truncated,
        stored=not answered.left_out,
        text=answered.body,
    )
