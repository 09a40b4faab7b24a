"""A filter of deliveries as an operation's row keeps it: JSON with the names of the API."""

from collections.abc import Callable, Mapping
from dataclasses import astuple
from datetime import datetime
from typing import Any, TypeVar

from app.clock import rfc3339
from app.data_conditions import DataCondition
from app.delivery_filter import DeliveryFilter, IntRange, TimeRange
from app.statuses import AttemptOutcome, DeliveryStatus

Read = TypeVar("Read")


def to_json(asked: DeliveryFilter) -> dict[str, Any]:
    """What is stored of a filter with statuses."""
    time = asked.time or TimeRange()
    return {
        "webhookId": asked.webhook_id,
        "eventId": asked.event_id,
        "eventTypes": None if asked.event_types is None else list(asked.event_types),
        "statuses": list(asked.statuses or ()),
        "time": {
            "since": None if time.since is None else rfc3339(time.since),
            "until": None if time.until is None else rfc3339(time.until),
        },
        **{name: value for name, value in _further(asked).items() if value is not None},
    }


def _further(asked: DeliveryFilter) -> dict[str, Any]:
    return {
        "ids": None if asked.ids is None else list(asked.ids),
        "outcomes": None if asked.outcomes is None else list(asked.outcomes),
        "responseStatus": None if asked.response_status is None else list(astuple(asked.response_status)),
        "includeTests": asked.include_tests,
        "data": None if asked.data is None else [[one.path, one.equals] for one in asked.data],
        "search": asked.search,
        "problemId": asked.problem_id,
    }


def from_json(said: Mapping[str, Any]) -> DeliveryFilter:
    """The filter that `to_json` stored."""
    time = {name: None if text is None else datetime.fromisoformat(text) for name, text in said["time"].items()}
    return DeliveryFilter(
        webhook_id=said["webhookId"],
        event_id=said["eventId"],
        event_types=said["eventTypes"],
        statuses=[DeliveryStatus(status) for status in said["statuses"]],
        time=TimeRange(time["since"], time["until"]),
        # An operation that an earlier version began has none of these.
        ids=said.get("ids"),
        outcomes=_if_said(said.get("outcomes"), lambda all_: [AttemptOutcome(outcome) for outcome in all_]),
        response_status=_if_said(said.get("responseStatus"), lambda ends: IntRange(*ends)),
        include_tests=said.get("includeTests"),
        data=_if_said(said.get("data"), lambda all_: [DataCondition(*one) for one in all_]),
        search=said.get("search"),
        problem_id=said.get("problemId"),
    )


def _if_said(said: Any, read: Callable[[Any], Read]) -> Read | None:
    return None if said is None else read(said)
