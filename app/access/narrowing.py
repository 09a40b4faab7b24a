"""What an access token is narrowed to: webhooks, event types, or both. What it does not see does not exist for it.

The one door: every list, lookup and stream takes its conditions from here, beside the one on the workspace. They add
nothing to a statement for a caller that is not narrowed.

Webhooks are narrowed by ID. Event types narrow what carries data: events, their deliveries and attempts, and the types
themselves; a webhook stays visible, but only those whose event types are all covered can be changed.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import orjson

from app.catalogue.patterns import Matcher, compile_patterns
from app.delivery_filter import Condition, of_types

Value = TypeVar("Value")


@dataclass(frozen=True)
class Narrowing:
    """Sorted IDs of webhooks, and sorted names and patterns of event types; None is without limit."""

    webhook_ids: tuple[str, ...] | None = None
    event_types: tuple[str, ...] | None = None

    @classmethod
    def of(cls, webhook_ids: Iterable[str] | None, event_types: Iterable[str] | None) -> "Narrowing":
        """The narrowing to these, whatever their order. Equal ones compare equal."""
        return cls(*(None if given is None else tuple(sorted(set(given))) for given in (webhook_ids, event_types)))

    @property
    def is_narrowed(self) -> bool:
        """Whether anything of the workspace is not seen."""
        return self.webhook_ids is not None or self.event_types is not None

    @cached_property
    def text(self) -> str | None:
        """The narrowing as operations keep it; None for everything."""
        said = {"webhookIds": self.webhook_ids, "eventTypes": self.event_types}
        return orjson.dumps(said).decode() if self.is_narrowed else None

    @classmethod
    def of_text(cls, text: str | None) -> "Narrowing":
        """The narrowing that `text` stands for."""
        said: Mapping[str, Any] = {} if text is None else orjson.loads(text)
        return cls.of(said.get("webhookIds"), said.get("eventTypes"))

    @cached_property
    def _matcher(self) -> Matcher:
        return compile_patterns(self.event_types or ())

    def conditions(self, table: str, row: str | None = None) -> list[Condition]:
        """What rows of a table must meet.

        Args:
            row: how the statement names the row; as its table if omitted.

        Raises:
            KeyError: nothing is said of this table, so nobody can have decided who sees its rows.
        """
        conditions = _TABLES[table]
        return conditions(self, row or table) if self.is_narrowed else []

    def and_sql(self, table: str, row: str | None = None, *, after: int) -> tuple[str, list[Any]]:
        """The same as the end of a WHERE clause, and its parameters, which are numbered from `after` + 1 on."""
        text, values = "", list[Any]()
        for condition, given in self.conditions(table, row):
            first, *rest = condition.split("?")
            number = after + len(values)
            text += f" AND {first}" + "".join(f"${number + n}{piece}" for n, piece in enumerate(rest, 1))
            values += given
        return text, values

    def sees_webhook(self, webhook_id: str | None) -> bool:
        """Whether a webhook of the workspace is seen."""
        return self.webhook_ids is None or webhook_id in self.webhook_ids

    def sees_operation(self, narrowing: str | None) -> bool:
        """Whether an operation is seen that a token with this narrowing, as text, began."""
        return not self.is_narrowed or narrowing == self.text

    def sees_type(self, name: str | None) -> bool:
        """Whether events of this type are seen."""
        return self.event_types is None or self._matcher.matches(name or "")

    def types(self, known: Mapping[str, Value]) -> Mapping[str, Value]:
        """Those of some event types that are seen."""
        if self.event_types is None:
            return known
        return {name: value for name, value in known.items() if self.sees_type(name)}

    def uncovered(self, patterns: Sequence[str]) -> list[int]:
        """The indexes of those patterns that ask for more than the event types that are seen."""
        return [index for index, pattern in enumerate(patterns) if not self._covers(pattern)]

    def _covers(self, pattern: str) -> bool:
        # A pattern matches what a name below it would; the star itself is no segment of a name.
        return self.event_types is None or ("*" in self.event_types if pattern == "*" else self.sees_type(pattern))


def _among(column: str, ids: Sequence[str]) -> Condition:
    return (f"{column} IN ({', '.join('?' * len(ids))})", tuple(ids)) if ids else ("1 = 0", ())


def _both(webhook: str | None, event_type: str | None) -> Callable[[Narrowing, str], list[Condition]]:
    """Conditions on a column with the ID of a webhook, and on one with an event type."""

    def conditions(narrowing: Narrowing, row: str) -> list[Condition]:
        found: list[Condition] = []
        if webhook is not None and narrowing.webhook_ids is not None:
            found.append(_among(f"{row}.{webhook}", narrowing.webhook_ids))
        if event_type is not None and narrowing.event_types is not None:
            found.append(of_types(f"{row}.{event_type}", narrowing.event_types))
        return found

    return conditions


def _events(narrowing: Narrowing, row: str) -> list[Condition]:
    """Events that were delivered to a webhook that is seen."""
    found = _both(None, "type")(narrowing, row)
    if narrowing.webhook_ids is not None:
        delivered, ids = _among("seen.webhook_id", narrowing.webhook_ids)
        found.append((f"EXISTS (SELECT 1 FROM delivery seen WHERE seen.event_id = {row}.id AND {delivered})", ids))
    return found


def _attempts(narrowing: Narrowing, row: str) -> list[Condition]:
    found = _both("webhook_id", None)(narrowing, row)
    if narrowing.event_types is not None:
        of_type, types = of_types("seen.event_type", narrowing.event_types)
        found.append((f"EXISTS (SELECT 1 FROM delivery seen WHERE seen.id = {row}.delivery_id AND {of_type})", types))
    return found


def _audit_entries(narrowing: Narrowing, row: str) -> list[Condition]:
    """Changes of webhooks that are seen."""
    if narrowing.webhook_ids is not None:
        return [_among(f"{row}.subject_id", narrowing.webhook_ids)]
    return [(f"substr({row}.subject_id, 1, 3) = 'wh_'", ())]


# What a narrowed token sees of each table.
_TABLES: Mapping[str, Callable[[Narrowing, str], list[Condition]]] = {
    "workspace": lambda *_: [],  # its own, by the caller's workspace
    "webhook": _both("id", None),
    "secret": _both("webhook_id", None),
    "delivery": _both("webhook_id", "event_type"),
    "attempt": _attempts,
    "event": _events,
    "problem": _both("webhook_id", None),
    # Those that such a token began.
    "operation": lambda narrowing, row: [(f"{row}.narrowing = ?", (narrowing.text,))],
    "audit_entry": _audit_entries,
    "api_key": lambda *_: [("1 = 0", ())],
    "contact": lambda *_: [("1 = 0", ())],
}

EVERYTHING = Narrowing()
