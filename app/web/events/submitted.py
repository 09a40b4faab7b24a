"""The events that POST /events receives, in any of its forms, as drafts; and what it answers of each. Pure.

A line of NDJSON is a CloudEvent if it has `specversion`, and otherwise has the fields of GraphQL's PublishEventInput.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from graphql import GraphQLError
from starlette.datastructures import Headers

from app.errors import Problem, Rejected, UserErrorCode
from app.publishing.commit import PublishedEvent
from app.publishing.draft import EventDraft
from app.web.events import cloud_events
from graph.http import decode, trace_of
from graph.scalars import parse_time

_TEXTS = ("type", "idempotencyKey", "orderingKey")
_FIELDS = frozenset((*_TEXTS, "data", "occurredAt"))


@dataclass(frozen=True, slots=True)
class Submitted:
    """A draft, and the names that its sender used for fields of it."""

    draft: EventDraft
    names: Mapping[str, str] = field(default_factory=dict)

    def own(self, problem: Problem, *before: str) -> Problem:
        """A problem of the draft with the path that it has in what was sent; `before` leads to the event."""
        match problem.path:
            case (first, *rest):
                return replace(problem, path=(*before, self.names.get(first, first), *rest))
        return problem


def of_headers(headers: Mapping[str, str], body: bytes) -> Submitted:
    """The CloudEvent of a request in binary mode.

    Raises:
        Rejected: something is wrong with it.
    """
    return Submitted(cloud_events.draft_of_headers(headers, body), cloud_events.NAMES)


def of_structured(content: bytes) -> Submitted:
    """The CloudEvent of a request in structured mode.

    Raises:
        Rejected: something is wrong with it.
    """
    return _cloud_event(_object(_json(content)))


def of_batch(content: bytes) -> list[Submitted]:
    """The CloudEvents of a batch.

    Raises:
        Rejected: something is wrong with one; its path begins with the event's index.
    """
    events = _json(content)
    if not isinstance(events, list):
        raise Rejected([Problem("A batch is a JSON array of CloudEvents.", (), UserErrorCode.INVALID)])
    submitted, problems = list[Submitted](), list[Problem]()
    for index, event in enumerate(events):
        try:
            submitted.append(_cloud_event(_object(event)))
        except Rejected as error:
            problems += [replace(problem, path=(str(index), *problem.path)) for problem in error.problems]
    if problems:
        raise Rejected(problems)
    return submitted


def of_line(line: bytes) -> Submitted:
    """The event of a line.

    Raises:
        Rejected: something is wrong with it.
    """
    event = _object(_json(line))
    return _cloud_event(event) if "specversion" in event else Submitted(_plain(event))


def drafts_of(events: Iterable[Submitted], headers: Headers) -> list[EventDraft]:
    """The drafts of a request's events. Those without a trace of their own belong to that of the request, if any."""
    trace = trace_of(headers)
    if trace is None:
        return [event.draft for event in events]
    return [event.draft if event.draft.trace else replace(event.draft, trace=trace) for event in events]


def receipt(published: PublishedEvent) -> dict[str, object]:
    """What the publisher of an event gets."""
    return {"id": published.row.id, "deliveryCount": published.delivery_count, "duplicate": published.duplicate}


def _cloud_event(event: Mapping[str, Any]) -> Submitted:
    return Submitted(cloud_events.draft_of(event), cloud_events.NAMES)


def _plain(event: Mapping[str, Any]) -> EventDraft:
    given = {name: value for name, value in event.items() if value is not None or name == "data"}
    problems = [
        _invalid(f'There is no field "{name[:64]}"; an event has {", ".join(sorted(_FIELDS))}.', name[:64])
        for name in given
        if name not in _FIELDS
    ]
    problems += [
        Problem(f"{name} is missing.", (name,), UserErrorCode.REQUIRED)
        for name in ("type", "data")
        if name not in given
    ]
    problems += [
        _invalid(f"{name} must be a string.", name)
        for name in _TEXTS
        if name in given and not isinstance(given[name], str)
    ]
    occurred_at = None
    try:
        occurred_at = parse_time(given["occurredAt"]) if "occurredAt" in given else None
    except GraphQLError as error:
        problems.append(_invalid(error.message, "occurredAt"))
    if problems:
        raise Rejected(problems)
    return EventDraft(given["type"], given["data"], occurred_at, given.get("idempotencyKey"), given.get("orderingKey"))


def _json(content: bytes) -> Any:
    try:
        return decode(content)
    except orjson.JSONDecodeError as error:
        raise Rejected([_invalid(f"This is not JSON: {error}.")]) from None


def _object(value: Any) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise Rejected([_invalid('An event is a JSON object such as {"type": "ticket.created", "data": {…}}.')])


def _invalid(message: str, *path: str) -> Problem:
    return Problem(message, path, UserErrorCode.INVALID)
