"""POST /events: what the content-type says is published, with the checks of publishEvent and publishEvents.

    application/cloudevents+json         a CloudEvent (structured mode)
    any JSON type, with ce- headers      a CloudEvent (binary mode)
    application/cloudevents-batch+json   1 to 1,000 CloudEvents, all or none
    application/x-ndjson                 events of any number, one a line, each by itself: see `app.web.events.stream`

An answer means that the events are committed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from app.access.caller import Caller
from app.errors import Problem, Rejected
from app.publishing.draft import EventDraft
from app.resources import Resources
from app.statuses import Scope
from app.web.event_streams import NDJSON, PATH
from app.web.events.stream import EventStream
from app.web.events.submitted import Submitted, drafts_of, of_batch, of_headers, of_structured, receipt
from app.web.json_answers import REFUSALS, counted_caller, json_answer, problems, refusal
from graph.errors import BadUserInput

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_IS_BINARY = "ce-specversion"
# As much as the same mutation costs over GraphQL.
COST = 5


class _Asked(NamedTuple):
    events: Sequence[Submitted]
    batch: bool


class UnknownContentType(BadUserInput):
    """The content type is not supported; answered with 415."""


def events_route(resources: Resources) -> Route:
    """The route that publishes."""

    async def events(request: Request) -> ASGIApp:
        try:
            caller = await counted_caller(resources, request)
            caller.require(Scope.PUBLISH)
            kind = _kind(request)
            if kind == NDJSON:
                return EventStream(resources, request, caller, COST)
            if caller.api_key_id is not None:
                resources.rates.cost.take(caller.api_key_id, COST)
            asked = _asked(request.headers, kind, await request.body())
            return await _publish(resources, caller, asked, drafts_of(asked.events, request.headers))
        except UnknownContentType as error:
            response = refusal(error)
            response.status_code = 415
            return response
        except Rejected as error:
            return json_answer({"errors": problems(error)}, 400)
        except REFUSALS as error:
            return refusal(error)

    return Route(PATH, events, methods=["POST"])


async def _publish(resources: Resources, caller: Caller, asked: _Asked, drafts: Sequence[EventDraft]) -> Response:
    """Publish what was sent, all or none; the answer is prepared while the commit is under way.

    Raises: what `Publisher.publish` does.
    """
    try:
        early = await resources.publisher.publish_early(caller, drafts, batch=asked.batch)
    except Rejected as error:
        raise Rejected([_own(asked, problem) for problem in error.problems]) from None
    told = [receipt(event) for event in early.value.events]
    answer = json_answer({"events": told} if asked.batch else told[0])
    await early.committed()
    return answer


def _own(asked: _Asked, problem: Problem) -> Problem:
    """A problem with the path that it has in what was sent: the batch is an array."""
    match problem.path:
        case ("events", index, *rest) if asked.batch:
            return asked.events[int(index)].own(replace(problem, path=tuple(rest)), index)
        case _:
            return problem if asked.batch else asked.events[0].own(problem)


def _asked(headers: Mapping[str, str], kind: str, body: bytes) -> _Asked:
    """The events in the body of a request.

    Raises:
        Rejected: something is wrong with one.
        UnknownContentType: it is of another kind.
    """
    if kind == BATCH:
        return _Asked(of_batch(body), batch=True)
    if kind == STRUCTURED:
        return _Asked([of_structured(body)], batch=False)
    if _IS_BINARY in headers:
        return _Asked([of_headers(headers, body)], batch=False)
    shown = f"is {kind[:100]}" if kind else "is missing"
    raise UnknownContentType(
        f"The content-type {shown}. Send a CloudEvent as {STRUCTURED}, or as JSON with ce- headers;"
        f" several as {BATCH}; or one event a line as {NDJSON}."
    )


def _kind(request: Request) -> str:
    """The media type of a request, in lower case and without its parameters.

    Raises:
        UnknownContentType: the text is not in UTF-8.
    """
    name, *parameters = (piece.strip().lower() for piece in request.headers.get("content-type", "").split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            raise UnknownContentType(f"The charset of the content-type must be utf-8, but is {value[:40]}.")
    return name
