"""Tries a filter that is not saved on past events: how many of them a webhook with it would have received.

Events are looked at from the newest on, a batch at a time, until they are as many as a person waits for.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

import orjson

from app.access.caller import Caller
from app.catalogue.patterns import compile_patterns
from app.clock import EPOCH
from app.database.batch import IDS, PARENT, PARENTS, of_each_parent
from app.database.database import Database, Row, Statements
from app.errors import Problem, Rejected
from app.expressions import cel
from app.ids import EVENT, lowest_id
from app.registry import Route
from app.services import Services
from app.statuses import Scope
from app.webhooks.configuration import examples_of
from app.webhooks.surroundings import surroundings
from app.webhooks.validation.filters import filter_expression
from app.webhooks.validation.selection import event_types as checked_event_types

# Looked at in a fraction of a second if they are small.
MAX_LOOKED = 1_000
# Bodies may have 256 kB each.
BATCH = 100
MAX_SECONDS = 2.0
# What a person reads.
MAX_SHOWN = 20

_BODIES = "SELECT e.id, e.type, e.body FROM event e JOIN {rows} AS asked ON asked.id = e.id"
_EVERYTHING = ("*",)
# The first character behind the prefix is at most 7.
_BEHIND_ALL = f"{EVENT}_8"


@dataclass(slots=True)
class Preview:
    """How many events were looked at and how many of them matched, and the IDs of the newest that did."""

    looked: int = 0
    matched: int = 0
    event_ids: list[str] = field(default_factory=list)


async def preview_filter(
    services: Services,
    caller: Caller,
    expression: str | None,
    event_types: Sequence[str] | None,
    since: datetime | None,
    max_seconds: float = MAX_SECONDS,
) -> Preview:
    """Run a filter over the newest events of some types.

    Args:
        expression: CEL; by default every event of the types matches.
        event_types: names and patterns, as a webhook selects them; all by default.
        since: looks at no events published before this time.
        max_seconds: begins no further batch after this time.

    Raises:
        Forbidden: the caller lacks READ.
        Rejected: all problems of the filter and the event types at once.
    """
    caller.require(Scope.READ)
    around = await surroundings(services, caller)
    problems: list[Problem] = []
    known, archived = around.event_types, around.archived
    patterns: Sequence[str] = _EVERYTHING
    if event_types is not None:
        # What can no longer be selected may have been published before.
        patterns = checked_event_types(problems, event_types, known, archived, archived, "eventTypes")
    text = (expression or "").strip()
    if text:
        filter_expression(problems, text, examples_of(patterns, around), "filter")
    if problems:
        raise Rejected(problems)
    matcher = compile_patterns(patterns)
    types = [name for name in [*known, *archived] if matcher.matches(name) and caller.narrowing.sees_type(name)]
    route = Route("", matcher, cel.compile(text) if text else None, active=True)
    return await _run(services.database, caller, types, route, since, max_seconds)


async def _run(
    database: Database, caller: Caller, types: Sequence[str], route: Route, since: datetime | None, seconds: float
) -> Preview:
    preview, before, deadline = Preview(), _BEHIND_ALL, monotonic() + seconds
    while True:
        ids = await _newest(database, caller, types, since, before)
        rows = await database.fetch_rows(_BODIES, IDS, [(id_,) for id_ in ids])
        # A filter over bodies of 256 kB each would block the event loop.
        await asyncio.to_thread(_add, preview, route, rows)
        if len(ids) < BATCH or preview.looked >= MAX_LOOKED or monotonic() >= deadline:
            return preview
        before = ids[-1]


async def _newest(
    database: Statements, caller: Caller, types: Sequence[str], since: datetime | None, before: str
) -> list[str]:
    """The IDs of the next events, newest first. Each type is read along its index, however rare it is."""
    first = "" if since is None else lowest_id(EVENT, max(since, EPOCH))
    seen, values = caller.narrowing.and_sql("event", after=3)
    where = f"workspace_id = $1 AND NOT test AND id >= $2 AND id < $3{seen}"

    def newest(columns: str) -> str:
        return f"SELECT {columns} FROM event WHERE {where} AND type = {PARENT} ORDER BY id DESC LIMIT {BATCH}"

    statement = of_each_parent(database.dialect, "event", "id", newest)
    parents = [(name,) for name in types]
    rows = await database.fetch_rows(statement, PARENTS, parents, caller.workspace_id, first, before, *values)
    return sorted((row["id"] for row in rows), reverse=True)[:BATCH]


def _add(preview: Preview, route: Route, rows: Sequence[Row]) -> None:
    for row in sorted(rows, key=lambda row: str(row["id"]), reverse=True):
        preview.looked += 1
        if _wants(route, row):
            preview.matched += 1
            if len(preview.event_ids) < MAX_SHOWN:
                preview.event_ids.append(row["id"])


def _wants(route: Route, row: Row) -> bool:
    try:
        return route.wants(row["type"], orjson.loads(row["body"]))
    except orjson.JSONDecodeError:
        return False  # A row that somebody changed by hand does not affect the others.
