"""What a workspace knows, ready for the hot path: its event types with compiled schemas, its webhooks with compiled
patterns and filters.

Cached by the workspace's `registry_version`, which every change of a webhook or an event type raises in its own
transaction: a publisher that reads the same version inside its transaction has what is committed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import cel
import orjson
import structlog

from app import ids
from app.catalogue import BUILT_IN
from app.catalogue.event_type import EventCategory, EventType
from app.catalogue.patterns import Matcher, compile_patterns
from app.catalogue.validation import PayloadValidator
from app.database.batch import Columns
from app.database.database import Row, Statements
from app.statuses import WebhookStatus

log = structlog.get_logger()

Read = TypeVar("Read")

_WORKSPACES: Columns = (("id", "text"),)


@dataclass(frozen=True, slots=True)
class KnownEventType:
    """An event type of a workspace, with its schema compiled. A built-in one has the same id in every workspace."""

    id: str
    event_type: EventType
    validator: PayloadValidator
    archived: bool


@dataclass(frozen=True, slots=True)
class Route:
    """A webhook as a publisher sees it: which events it asks for."""

    webhook_id: str
    matcher: Matcher
    filter: "cel.Program | None"
    active: bool

    def wants(self, event_type: str, event: Mapping[str, Any]) -> bool:
        """Whether the webhook asks for this event."""
        return self.matcher.matches(event_type) and self.passes(event)

    def passes(self, event: Mapping[str, Any]) -> bool:
        """Whether its filter lets an event through. One that cannot be evaluated (a field is missing) does not."""
        if self.filter is None:
            return True
        try:
            return self.filter.execute(dict(event)) is True
        except (LookupError, ValueError, TypeError, RuntimeError, ArithmeticError):
            return False


@dataclass(frozen=True, slots=True)
class Registry:
    """One workspace's event types and routes, as of one version."""

    version: int
    event_types: Mapping[str, KnownEventType]
    routes: tuple[Route, ...]
    # The routes that ask for a type, found once: there may be thousands of webhooks, and as many events a second.
    _by_type: dict[str, tuple[Route, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def takes(self, event_type: str, data: Any) -> bool:
        """Whether such an event may be published."""
        known = self.event_types.get(event_type)
        return known is not None and not known.archived and not known.validator.errors(data)

    def routes_for(self, event_type: str, event: Mapping[str, Any]) -> list[Route]:
        """The webhooks that ask for this event, in the order they were made. Its type must be one of `event_types`."""
        routes = self._by_type.get(event_type)
        if routes is None:
            routes = tuple(route for route in self.routes if route.matcher.matches(event_type))
            self._by_type[event_type] = routes
        return [route for route in routes if route.passes(event)] if routes else []


class Registries:
    """The registries of the workspaces that published lately."""

    def __init__(self) -> None:
        self._cached: dict[str, Registry] = {}
        self._built_in = {name: _built_in(event_type) for name, event_type in BUILT_IN.items()}

    def at_hand(self, workspace_id: str) -> Registry | None:
        """The registry as it was read last, which may be a version behind; None where it was never read."""
        return self._cached.get(workspace_id)

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
                registry = await self._read(statements, row["id"], row["registry_version"])
                self._cached[row["id"]] = registry
            found[row["id"]] = registry
        return found

    async def _read(self, statements: Statements, workspace_id: str, version: int) -> Registry:
        custom = await statements.fetch(
            "SELECT id, name, description, json_schema, example, archived FROM event_type"
            " WHERE workspace_id = $1 ORDER BY name",
            workspace_id,
        )
        webhooks = await statements.fetch(
            "SELECT id, event_types, filter_expression, status FROM webhook"
            " WHERE workspace_id = $1 AND deleted_at IS NULL AND status <> 'DISABLED' ORDER BY id",
            workspace_id,
        )
        known = _readable("event_type", custom, lambda row: (row["name"], self._known(row)))
        return Registry(version, self._built_in | dict(known), tuple(_readable("webhook", webhooks, _route)))

    def _known(self, row: Mapping[str, Any]) -> KnownEventType:
        """A row of `event_type`: one of the workspace's own, or its archival of a built-in one."""
        if row["name"] in self._built_in:
            return replace(self._built_in[row["name"]], archived=bool(row["archived"]))
        event_type = EventType(
            name=row["name"],
            category=EventCategory.CUSTOM,
            description=row["description"],
            json_schema=orjson.loads(row["json_schema"]),
            example=orjson.loads(row["example"]),
        )
        validator = PayloadValidator(event_type.json_schema)
        return KnownEventType(row["id"], event_type, validator, archived=bool(row["archived"]))


def _built_in(event_type: EventType) -> KnownEventType:
    id_ = ids.id_of_name(ids.EVENT_TYPE, event_type.name)
    return KnownEventType(id_, event_type, PayloadValidator(event_type.json_schema), archived=False)


def _readable(table: str, rows: Iterable[Row], read: Callable[[Row], Read]) -> list[Read]:
    """What was read of each row. One that cannot be read costs its workspace nothing else."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the row
            log.error("registry.unreadable", table=table, row=row.get("id") or row.get("name"), error=repr(error))
    return found


def _route(row: Mapping[str, Any]) -> Route:
    expression = row["filter_expression"]
    return Route(
        webhook_id=row["id"],
        matcher=compile_patterns(orjson.loads(row["event_types"])),
        filter=cel.compile(expression) if expression else None,
        active=row["status"] == WebhookStatus.ACTIVE,
    )
