"""A filter of deliveries: the input of a person, and its conditions on rows.

A condition is SQL in which each `?` stands for one of its values. This module does not know what is done with the
deliveries.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from app.clock import EPOCH
from app.ids import DELIVERY, lowest_id
from app.statuses import DeliveryStatus

Condition: TypeAlias = tuple[str, tuple[Any, ...]]

_NOTHING: Condition = ("1 = 0", ())


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `since` up to but not including `until`, by the time of creation, to the millisecond. Aware times; None is
    open.
    """

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Deliveries that meet all given conditions. An empty sequence matches none."""

    webhook_id: str | None = None
    event_id: str | None = None
    event_types: Sequence[str] | None = None
    statuses: Sequence[DeliveryStatus] | None = None
    time: TimeRange | None = None


def conditions(asked: DeliveryFilter) -> list[Condition]:
    """The filter's conditions on rows of `delivery`; the caller adds the workspace."""
    found: list[Condition] = []
    if asked.webhook_id is not None:
        found.append(("webhook_id = ?", (asked.webhook_id,)))
    if asked.event_id is not None:
        found.append(("event_id = ?", (asked.event_id,)))
    if asked.event_types is not None:
        found.append(of_types("event_type", asked.event_types))
    if asked.statuses is not None:
        found += of_statuses(asked.statuses)
    if asked.time is not None:
        found += in_time(DELIVERY, asked.time)
    return found


def of_types(column: str, patterns: Sequence[str]) -> Condition:
    """Rows with an event type that at least one of these names and patterns matches."""
    if "*" in patterns:
        return ("1 = 1", ())
    prefixes = [pattern[:-1] for pattern in patterns if pattern.endswith(".*")]
    names = [pattern for pattern in patterns if not pattern.endswith(".*")]
    found = [f"substr({column}, 1, {len(prefix)}) = ?" for prefix in prefixes]
    if names:
        found.append(f"{column} IN ({', '.join('?' * len(names))})")
    return (_either(found), (*prefixes, *names)) if found else _NOTHING


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
