"""A filter of deliveries: the input of a person, and its conditions on rows.

A condition is SQL in which each `?` stands for one of its values. This module does not know what is done with the
deliveries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from app.catalogue.patterns import OPERATIONAL
from app.clock import EPOCH
from app.data_conditions import DataCondition, of_data, of_text
from app.ids import DELIVERY, EVENT, WEBHOOK, is_id, lowest_id, prefix_of
from app.statuses import AttemptOutcome, DeliveryStatus

Condition: TypeAlias = tuple[str, tuple[Any, ...]]

_NOTHING: Condition = ("1 = 0", ())
# Where an ID that is searched is.
_ID_COLUMNS = {DELIVERY: "id", EVENT: "event_id", WEBHOOK: "webhook_id"}
_ALERTS = ", ".join(f"'{name}'" for name in sorted(OPERATIONAL))


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `since` up to but not including `until`, by the time of creation, to the millisecond. Aware times; None is
    open.
    """

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class IntRange:
    """From `low` to `high`, both included; None is without end."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Deliveries that meet all given conditions. An empty sequence matches none.

    Attributes:
        search: the ID of a delivery, event or webhook, or text in the body of the event.
        problem_id: deliveries that this problem affects.
    """

    webhook_id: str | None = None
    event_id: str | None = None
    event_types: Sequence[str] | None = None
    statuses: Sequence[DeliveryStatus] | None = None
    time: TimeRange | None = None
    ids: Sequence[str] | None = None
    outcomes: Sequence[AttemptOutcome] | None = None
    response_status: IntRange | None = None
    include_tests: bool | None = None
    data: Sequence[DataCondition] | None = None
    search: str | None = None
    problem_id: str | None = None


def narrow_conditions(asked: DeliveryFilter) -> list[Condition]:
    """The conditions on rows of `delivery` that an index answers; the caller adds the workspace."""
    found: list[Condition] = []
    if asked.ids is not None:
        found.append(_one_of("id", [id_ for id_ in asked.ids if is_id(DELIVERY, id_)]))
    if column := _identified_by(asked.search):
        found.append((f"{column} = ?", (asked.search,)))
    if asked.webhook_id is not None:
        found.append(("webhook_id = ?", (asked.webhook_id,)))
    if asked.event_id is not None:
        found.append(("event_id = ?", (asked.event_id,)))
    if asked.problem_id is not None:
        found.append(("problem_key = (SELECT p.key FROM problem p WHERE p.id = ?)", (asked.problem_id,)))
    if asked.statuses is not None:
        found += of_statuses(asked.statuses)
    if asked.time is not None:
        found += in_time(DELIVERY, asked.time)
    return found


def search_conditions(asked: DeliveryFilter) -> list[Condition]:
    """The conditions that have to be checked row by row."""
    found: list[Condition] = []
    if asked.event_types is not None and "*" not in asked.event_types:
        found.append(of_types("event_type", asked.event_types))
    if asked.outcomes is not None:
        found.append(_one_of("last_outcome", [outcome.value for outcome in asked.outcomes]))
    if asked.response_status is not None:
        if asked.response_status.low is not None:
            found.append(("last_response_status >= ?", (asked.response_status.low,)))
        if asked.response_status.high is not None:
            found.append(("last_response_status <= ?", (asked.response_status.high,)))
    if asked.include_tests is False:
        found.append(("NOT test", ()))
    found += [_of_event(of_data("e.body", condition)) for condition in asked.data or ()]
    if asked.search is not None and not _identified_by(asked.search):
        found.append(_of_event(of_text("e.body", asked.search)))
    return found


def reads_events(asked: DeliveryFilter) -> bool:
    """Whether the search conditions read the event of each row."""
    return bool(asked.data) or (asked.search is not None and not _identified_by(asked.search))


def names_one(asked: DeliveryFilter) -> bool:
    """Whether the filter names one delivery, event or webhook, or a few deliveries."""
    named = (asked.webhook_id, asked.event_id, asked.ids, _identified_by(asked.search))
    return any(name is not None for name in named)


def _identified_by(search: str | None) -> str | None:
    """The column that a searched ID is in; None for text."""
    return None if search is None else _ID_COLUMNS.get(prefix_of(search) or "")


def _of_event(condition: Condition) -> Condition:
    """Deliveries whose event meets a condition. A subquery for a value, because PostgreSQL would answer EXISTS by
    reading all events."""
    text, values = condition
    return (f"(SELECT {text} FROM event e WHERE e.id = delivery.event_id)", values)


def _one_of(column: str, values: Sequence[str]) -> Condition:
    distinct = tuple(dict.fromkeys(values))
    return (f"{column} IN ({', '.join('?' * len(distinct))})", distinct) if distinct else _NOTHING


def of_types(column: str, patterns: Sequence[str]) -> Condition:
    """Rows with an event type that at least one of these names and patterns matches; `*` leaves out the alerts."""
    prefixes = [pattern[:-1] for pattern in patterns if pattern.endswith(".*")]
    names = [pattern for pattern in patterns if pattern != "*" and not pattern.endswith(".*")]
    found = [f"substr({column}, 1, {len(prefix)}) = ?" for prefix in prefixes]
    if names:
        found.append(f"{column} IN ({', '.join('?' * len(names))})")
    if "*" in patterns:
        found.append(f"{column} NOT IN ({_ALERTS})")
    return (_either(found), (*prefixes, *names)) if found else _NOTHING


def not_about(webhook_id: str) -> Condition:
    """Events that are not alerts about this webhook, because those are never sent to it."""
    return (f"NOT (type IN ({_ALERTS}) AND body LIKE ?)", (f'%"webhook":{{"id":"{webhook_id}"%',))


def of_statuses(statuses: Sequence[DeliveryStatus]) -> list[Condition]:
    """Deliveries with one of these statuses."""
    # Literals rather than parameters, so that both planners see that the small indexes of unfinished rows suffice.
    if not statuses:
        return [_NOTHING]
    words = ", ".join(f"'{status}'" for status in dict.fromkeys(statuses))
    found: list[Condition] = [(f"status IN ({words})", ())]
    if DeliveryStatus.SUCCEEDED not in statuses:
        found.append((f"status <> '{DeliveryStatus.SUCCEEDED}'", ()))
    return found


def in_time(prefix: str, time: TimeRange) -> list[Condition]:
    """Rows created in this time, with IDs that have this prefix."""
    found: list[Condition] = []
    if time.since is not None:
        found.append(("id >= ?", (_first_id(prefix, time.since),)))
    if time.until is not None:
        found.append(("id < ?", (_first_id(prefix, time.until),)))
    return found


def _first_id(prefix: str, at: datetime) -> str:
    return lowest_id(prefix, max(at, EPOCH))


def _either(found: Iterable[str]) -> str:
    return f"({' OR '.join(found)})"
