"""A workspace's configuration, ready for the hot path: its event types with compiled schemas, its webhooks with
compiled patterns and filters.

Cached by the workspace's `registry_version`, which every change of a webhook or an event type raises in its own
transaction: a publisher that reads the same version inside its transaction has the committed state.

A change of a webhook also stores the version it made in the webhook's row. One change therefore means one row to read
and at most one filter to compile, however many webhooks there are. If the rows do not account for all versions in
between (an event type changed, or a webhook twice), everything is read again, and only new parts are compiled.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

import orjson
import structlog

from app import ids
from app.catalogue import BUILT_IN
from app.catalogue.event_type import EventCategory, EventType
from app.catalogue.patterns import Matcher, compile_patterns
from app.catalogue.validation import PayloadValidator
from app.clock import Clock
from app.database.batch import Columns
from app.database.database import Row, Statements
from app.expressions import cel
from app.keeping import ALL as KEEPS_ALL
from app.keeping import Keeping, unpacked
from app.statuses import WebhookStatus, WebhookStatusReason

log = structlog.get_logger()

Read = TypeVar("Read")

_WORKSPACES: Columns = (("id", "text"),)
_ASKED = "id, event_types, filter_expression, status, status_reason_code, deleted_at"


@dataclass(frozen=True, slots=True)
class KnownEventType:
    """An event type of a workspace, with its schema compiled. A built-in one has the same ID in every workspace."""

    id: str
    event_type: EventType
    validator: PayloadValidator
    archived: bool
    keeping: Keeping = KEEPS_ALL


@dataclass(frozen=True, slots=True)
class Route:
    """A webhook as a publisher sees it: which events it selects."""

    webhook_id: str
    matcher: Matcher
    filter: "cel.Program | None"
    active: bool
    # Whether it is DISABLED, so that it misses what it selects.
    disabled: bool = False
    source: tuple[str, str | None] | None = None
    """What matcher and filter were compiled from: patterns as JSON, and an expression."""

    def wants(self, event_type: str, event: Mapping[str, Any]) -> bool:
        """Whether the webhook selects this event."""
        return self.matcher.matches(event_type) and bool(_passing([self], event))


@dataclass(frozen=True, slots=True)
class Registry:
    """One workspace's event types and routes, as of one version.

    Attributes:
        routes: by webhook ID, in the order of IDs.
        disabled: the routes of DISABLED webhooks, by ID.
        unreadable: webhooks with a selection of events that cannot be read.
        webhooks: no more webhooks than this exist.
    """

    version: int
    event_types: Mapping[str, KnownEventType]
    routes: dict[str, Route]
    unreadable: frozenset[str] = frozenset()
    disabled: dict[str, Route] = field(default_factory=dict)
    webhooks: int = 0
    # The routes for a type, found once: there may be thousands of webhooks, and as many events per second.
    _by_type: dict[str, dict[str, Route]] = field(default_factory=dict, compare=False, repr=False)
    _missing_by_type: dict[str, tuple[Route, ...]] = field(default_factory=dict, compare=False, repr=False)

    def changed(self, version: int, routes: Mapping[str, Route | None], unreadable: Iterable[str]) -> "Registry":
        """The registry of a later version, with these routes replaced, removed if None, or unreadable."""
        unreadable = frozenset(unreadable)
        receiving = {id_: None if route is None or route.disabled else route for id_, route in routes.items()}
        disabled = {id_: route if route is not None and route.disabled else None for id_, route in routes.items()}
        was_there = sum(id_ in self.routes or id_ in self.disabled or id_ in self.unreadable for id_ in routes)
        is_there = sum(route is not None or id_ in unreadable for id_, route in routes.items())
        return Registry(
            version=version,
            event_types=self.event_types,
            routes=_changed(self.routes, receiving),
            unreadable=(self.unreadable - routes.keys()) | unreadable,
            disabled=_changed(self.disabled, disabled),
            webhooks=self.webhooks + is_there - was_there,
            _by_type={
                event_type: _changed(asking, _wanting(event_type, receiving))
                for event_type, asking in self._by_type.items()
            },
        )

    def takes(self, event_type: str, data: Any) -> bool:
        """Whether such an event may be published."""
        known = self.event_types.get(event_type)
        return known is not None and not known.archived and not known.validator.errors(data)

    def routes_for(self, event_type: str, event: Mapping[str, Any]) -> list[Route]:
        """The webhooks that select this event, in the order of creation. Its type must be one of `event_types`."""
        routes = self._by_type.get(event_type)
        if routes is None:
            routes = {id_: route for id_, route in self.routes.items() if route.matcher.matches(event_type)}
            self._by_type[event_type] = routes
        return _passing(routes.values(), event) if routes else []

    def missed_by(self, event_type: str, event: Mapping[str, Any]) -> list[str]:
        """The DISABLED webhooks that select this event, in the order of creation."""
        routes = self._missing_by_type.get(event_type)
        if routes is None:
            routes = tuple(route for route in self.disabled.values() if route.matcher.matches(event_type))
            self._missing_by_type[event_type] = routes
        return [route.webhook_id for route in _passing(routes, event)]


class Registries:
    """The registries of the workspaces that published recently.

    Attributes:
        unreadable_since: webhooks that could not be read, and since when. The code that reports one removes it.
        readable_again: webhooks that can be read although their rows still say otherwise.
    """

    def __init__(self, clock: Clock) -> None:
        self.unreadable_since: dict[str, datetime] = {}
        self.readable_again: set[str] = set()
        self._clock = clock
        self._cached: dict[str, Registry] = {}
        self._built_in = _built_in()

    def at_hand(self, workspace_id: str) -> Registry | None:
        """The registry as last read, which may be a version behind; None if it was never read."""
        return self._cached.get(workspace_id)

    def unmatched(self, workspace_id: str) -> int:
        """Number of webhooks of this workspace that events cannot be matched with, because they are unreadable."""
        registry = self._cached.get(workspace_id)
        return 0 if registry is None else len(registry.unreadable)

    async def current(self, statements: Statements, workspace_id: str) -> Registry:
        """The registry as the given transaction sees it."""
        return (await self.all_current(statements, [workspace_id]))[workspace_id]

    async def all_current(self, statements: Statements, workspace_ids: Iterable[str]) -> dict[str, Registry]:
        """The registries of several workspaces as the given transaction sees them; only changed ones are read again."""
        versions = await statements.fetch_rows(
            "SELECT w.id, w.registry_version FROM workspace w JOIN {rows} asked ON asked.id = w.id",
            _WORKSPACES,
            [(workspace_id,) for workspace_id in workspace_ids],
        )
        found = {}
        for row in versions:
            registry = self._cached.get(row["id"])
            if registry is None or registry.version != row["registry_version"]:
                registry = await self._renewed(statements, row["id"], row["registry_version"], registry)
                self._cached[row["id"]] = registry
            found[row["id"]] = registry
        return found

    async def _renewed(
        self, statements: Statements, workspace_id: str, version: int, last: Registry | None
    ) -> Registry:
        if last is None:
            return await self._read(statements, workspace_id, version, {}, {})
        changed = await statements.fetch(
            f"SELECT {_ASKED}, registry_version FROM webhook WHERE workspace_id = $1 AND registry_version > $2",
            workspace_id,
            last.version,
        )
        accounted = {row["registry_version"] for row in changed if row["registry_version"] <= version}
        if len(accounted) != version - last.version:
            return await self._read(statements, workspace_id, version, last.event_types, _all_of(last))
        gone: dict[str, Route | None] = {row["id"]: None for row in changed}
        read, unreadable = self._routes(changed, _all_of(last))
        return last.changed(version, gone | read, unreadable)

    async def _read(
        self,
        statements: Statements,
        workspace_id: str,
        version: int,
        known: Mapping[str, KnownEventType],
        routes: Mapping[str, Route],
    ) -> Registry:
        custom = await statements.fetch(
            "SELECT id, name, description, json_schema, example, archived, keeping FROM event_type"
            " WHERE workspace_id = $1 ORDER BY name",
            workspace_id,
        )
        webhooks = await statements.fetch(
            f"SELECT {_ASKED} FROM webhook WHERE workspace_id = $1 AND deleted_at IS NULL",
            workspace_id,
        )
        known_types = dict(_readable("event_type", custom, lambda row: (row["name"], self._known(row, known))))
        found, unreadable = self._routes(webhooks, routes)
        kept = [route for route in found.values() if route]
        known_now = self._built_in | known_types
        return Registry(
            version, known_now, _receiving(kept), frozenset(unreadable), _disabled(kept), webhooks=len(webhooks)
        )

    def _routes(self, rows: Sequence[Row], known: Mapping[str, Route]) -> tuple[dict[str, Route | None], set[str]]:
        """Rows of `webhook` as routes, and those that cannot be read."""
        found = dict(_readable("webhook", rows, lambda row: (row["id"], _route(row, known))))
        # A DISABLED webhook has a reason already, which is what is to be mended first.
        unreadable = {row["id"] for row in rows if row["status"] != WebhookStatus.DISABLED} - found.keys()
        for webhook_id in unreadable:
            self.unreadable_since.setdefault(webhook_id, self._clock.now())
        said = WebhookStatusReason.UNREADABLE_SELECTION
        self.readable_again |= {row["id"] for row in rows if row["id"] in found and row["status_reason_code"] == said}
        return found, unreadable

    def _known(self, row: Mapping[str, Any], known: Mapping[str, KnownEventType]) -> KnownEventType:
        """The event type of a row of `event_type`: the workspace's own, or what it has set of a built-in one."""
        keeping = unpacked(row["keeping"])
        if row["name"] in self._built_in:
            return replace(self._built_in[row["name"]], archived=bool(row["archived"]), keeping=keeping)
        event_type = EventType(
            name=row["name"],
            category=EventCategory.CUSTOM,
            description=row["description"],
            json_schema=orjson.loads(row["json_schema"]),
            example=orjson.loads(row["example"]),
        )
        last = known.get(row["name"])
        same = last is not None and last.event_type.json_schema == event_type.json_schema
        validator = last.validator if last is not None and same else PayloadValidator(event_type.json_schema)
        return KnownEventType(row["id"], event_type, validator, archived=bool(row["archived"]), keeping=keeping)


@cache
def _built_in() -> dict[str, KnownEventType]:
    """The built-in event types, compiled once for all registries that a process opens."""
    return {
        name: KnownEventType(
            ids.id_of_name(ids.EVENT_TYPE, name), type_, PayloadValidator(type_.json_schema), archived=False
        )
        for name, type_ in BUILT_IN.items()
    }


def _readable(table: str, rows: Iterable[Row], read: Callable[[Row], Read]) -> list[Read]:
    """The result of reading each row. One that cannot be read does not affect the rest of its workspace."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the row
            log.error("registry.unreadable", table=table, row=row.get("id") or row.get("name"), error=repr(error))
    return found


def _route(row: Mapping[str, Any], routes: Mapping[str, Route]) -> Route | None:
    """A row of `webhook` as a route, reusing what was compiled for it; None if the webhook is deleted."""
    status, last = row["status"], routes.get(row["id"])
    if row["deleted_at"] is not None:
        return None
    active, disabled = status == WebhookStatus.ACTIVE, status == WebhookStatus.DISABLED
    source = event_types, expression = row["event_types"], row["filter_expression"]
    if last is not None and last.source == source:
        same = (last.active, last.disabled) == (active, disabled)
        return last if same else replace(last, active=active, disabled=disabled)
    return Route(
        webhook_id=row["id"],
        matcher=compile_patterns(orjson.loads(event_types)),
        filter=cel.compile(expression) if expression else None,
        active=active,
        disabled=disabled,
        source=source,
    )


def _passing(routes: Iterable[Route], event: Mapping[str, Any]) -> list[Route]:
    """Those whose filters match an event. A filter that cannot be evaluated (a field is missing) does not match.

    The event is converted for CEL once for all filters, because that takes much longer than to evaluate one.
    """
    passing, context = [], None
    for route in routes:
        if route.filter is None:
            passing.append(route)
            continue
        try:
            if context is None:
                context = cel.Context(dict(event))
            if route.filter.execute(context) is True:
                passing.append(route)
        except (LookupError, ValueError, TypeError, RuntimeError, ArithmeticError):
            continue
    return passing


def _receiving(routes: Iterable[Route]) -> dict[str, Route]:
    return _in_order([route for route in routes if not route.disabled])


def _disabled(routes: Iterable[Route]) -> dict[str, Route]:
    return _in_order([route for route in routes if route.disabled])


def _wanting(event_type: str, routes: Mapping[str, Route | None]) -> dict[str, Route | None]:
    """The same routes, with None for those that do not select events of this type."""
    return {id_: route if route and route.matcher.matches(event_type) else None for id_, route in routes.items()}


def _changed(routes: dict[str, Route], changes: Mapping[str, Route | None]) -> dict[str, Route]:
    """Routes after some were replaced, added, or removed if None, in the order of IDs.

    Copies only if something changes, and sorts only if it must: a new webhook has the highest ID.
    """
    changes = {id_: route for id_, route in changes.items() if routes.get(id_) is not route}
    if not changes:
        return routes
    now, highest = dict(routes), next(reversed(routes), "")
    for id_, route in sorted(changes.items(), key=itemgetter(0)):
        if route is None:
            del now[id_]
        else:
            now[id_] = route
    added = changes.keys() - routes.keys()
    return now if not added or min(added) > highest else _in_order(now.values())


def _all_of(registry: Registry) -> dict[str, Route]:
    return {**registry.routes, **registry.disabled}


def _in_order(routes: Iterable[Route]) -> dict[str, Route]:
    return {route.webhook_id: route for route in sorted(routes, key=_id_of)}


def _id_of(route: Route) -> str:
    return route.webhook_id
