"""The mutation that tests unsaved settings of a webhook."""

import strawberry

from app.sender.outcome import Answered
from app.test_requests.try_connection import ConnectionTried, try_connection
from graph.context import Info
from graph.enums import ConnectionStepName
from graph.inputs.webhooks import TestConnectionInput
from graph.mutations.payload import Input, Payload, mutation
from graph.types.attempt import AttemptRequest, AttemptResponse
from graph.types.header import Header


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


@strawberry.type
class ConnectionMutations:
    @mutation("Sends one test event with unsaved webhook settings and reports each step. Saves nothing. Needs MANAGE.")
    async def test_connection(self, info: Info, input: Input[TestConnectionInput]) -> TestConnectionPayload:
        context = info.context
        tried = await try_connection(
            context.resources, context.resources.sender, context.caller, input.webhook.draft(), input.event_type
        )
        return _payload(tried)


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
        text=answered.body,
    )
