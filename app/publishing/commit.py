"""The one transaction of publishing: events and their deliveries, for many requests at once.

Each request is all or none. A key that was used before gives the first event back; used for another content, it is a
conflict and its request writes nothing, while the other requests of the batch go on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from app.database.batch import Columns
from app.database.database import Database, Statements
from app.database.errors import NotAllTouched, UniqueViolation
from app.database.statements import Write
from app.errors import Problem
from app.ids import DELIVERY, new_id_at
from app.publishing.draft import PreparedEvent
from app.publishing.rows import DeliveryRow, EventRow, inserts
from app.registry import Registries, Registry, Route
from app.statuses import AttemptTrigger

_KEYS: Columns = (("workspace_id", "text"), ("idempotency_key", "text"))
_VERSIONS: Columns = (("id", "text"), ("version", "bigint"))
_CURRENT = "SELECT 1 FROM {rows} AS new JOIN workspace w ON w.id = new.id AND w.registry_version = new.version"

_FIND_KEYS = (
    f"SELECT {', '.join(f'e.{name}' for name in EventRow._fields)},"
    " (SELECT count(*) FROM delivery d WHERE d.event_id = e.id) AS delivery_count"
    " FROM event e JOIN {rows} asked"
    " ON e.workspace_id = asked.workspace_id AND e.idempotency_key = asked.idempotency_key"
)


class PublishRequest(NamedTuple):
    """One call's events, checked, with the routes found under one version of the workspace's registry."""

    workspace_id: str
    events: Sequence[PreparedEvent]
    registry_version: int
    routes: Sequence[Sequence[Route]]


class NewDelivery(NamedTuple):
    """A delivery that was just committed. `due`: its webhook is active and nobody holds it, so a worker can take it."""

    id: str
    workspace_id: str
    event_id: str
    webhook_id: str
    event_type: str
    created_at: int
    ordering_key: str | None
    due: bool


class PublishedEvent(NamedTuple):
    """An event as it is in the database, new or found again by its idempotency key."""

    row: EventRow
    duplicate: bool
    delivery_count: int


@dataclass(slots=True)
class Published:
    """The result of one request: its events in order and its new deliveries; or only what is wrong with them, or the
    indexes of the conflicts; or nothing, because its events were checked against event types that have changed since.
    """

    events: list[PublishedEvent] = field(default_factory=list)
    deliveries: list[NewDelivery] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)
    outdated: bool = False


class Claimant(Protocol):
    """Claims deliveries while they are written, where it can send them itself."""

    async def choose(
        self, statements: Statements, new: Sequence[NewDelivery], bodies: Mapping[str, str]
    ) -> Mapping[str, str]:
        """Choose from deliveries that are about to be written; return who claims them, by their ids.

        Args:
            bodies: of their events, by id.
        """


async def commit_requests(
    database: Database,
    registries: Registries,
    requests: Sequence[PublishRequest],
    claimant: Claimant | None,
    known: Callable[[list[Published]], None],
) -> list[Published]:
    """Write the requests in one transaction and say what became of each; `claimant` may claim what is written.

    Args:
        known: may be told what will have become of each while the commit is under way.

    Raises:
        DatabaseUnavailable: nothing was written as far as can be known.
    """
    try:
        return await _commit_unchanged(database, requests, claimant, known)
    except (NotAllTouched, UniqueViolation):
        pass  # A registry has changed, or a key was used before.
    while True:
        try:
            return await database.together(
                lambda statements: _commit(statements, registries, requests, claimant), rows=_rows_of(requests)
            )
        except UniqueViolation:
            continue  # Another process used one of the keys in the same moment; now it can be found.


async def _commit_unchanged(
    database: Database,
    requests: Sequence[PublishRequest],
    claimant: Claimant | None,
    known: Callable[[list[Published]], None],
) -> list[Published]:
    """Take for granted that no registry has changed and no key was used before.

    Raises:
        NotAllTouched, UniqueViolation: it is not so; nothing was written.
    """
    found: dict[tuple[str, str], PublishedEvent] = {}
    outcomes = [_resolve(request, found) for request in requests]
    versions = {(request.workspace_id, request.registry_version) for request in requests}
    check: Write = (_CURRENT, _VERSIONS, list(versions))
    if claimant is None:
        await database.write_all(check, *_writes(outcomes, {}), known=lambda: known(outcomes))
    else:
        await database.together(
            lambda statements: _write(statements, outcomes, claimant, check),
            rows=_rows_of(requests),
            known=lambda: known(outcomes),
        )
    return outcomes


def _rows_of(requests: Sequence[PublishRequest]) -> int:
    return sum([len(request.events) + sum(map(len, request.routes)) for request in requests])


async def _commit(
    statements: Statements, registries: Registries, requests: Sequence[PublishRequest], claimant: Claimant | None
) -> list[Published]:
    current = await registries.all_current(statements, {request.workspace_id for request in requests})
    found = await _found_by_key(statements, requests)
    outcomes = [_decide(request, current[request.workspace_id], found) for request in requests]
    await _write(statements, outcomes, claimant)
    return outcomes


async def _write(
    statements: Statements, outcomes: Sequence[Published], claimant: Claimant | None, *checks: Write
) -> None:
    claimed: Mapping[str, str] = {}
    if claimant is not None:
        new = [delivery for outcome in outcomes for delivery in outcome.deliveries]
        bodies = {event.row.id: event.row.body for outcome in outcomes for event in outcome.events}
        claimed = await claimant.choose(statements, new, bodies)
        for outcome in outcomes if claimed else ():
            outcome.deliveries = [d._replace(due=False) if d.id in claimed else d for d in outcome.deliveries]
    await statements.write_all(*checks, *_writes(outcomes, claimed))


async def _found_by_key(
    statements: Statements, requests: Sequence[PublishRequest]
) -> dict[tuple[str, str], PublishedEvent]:
    keys = {
        (request.workspace_id, event.idempotency_key)
        for request in requests
        for event in request.events
        if event.idempotency_key is not None
    }
    if not keys:
        return {}
    rows = await statements.fetch_rows(_FIND_KEYS, _KEYS, sorted(keys))
    return {
        (row["workspace_id"], row["idempotency_key"]): PublishedEvent(
            delivery_count=row.pop("delivery_count"), row=EventRow(**row), duplicate=True
        )
        for row in rows
    }


def _decide(request: PublishRequest, current: Registry, found: dict[tuple[str, str], PublishedEvent]) -> Published:
    """Decide what to write for one request, by the event types and webhooks that this transaction sees."""
    if request.registry_version == current.version:
        return _resolve(request, found)
    if not all(current.takes(event.type, event.content["data"]) for event in request.events):
        return Published(outdated=True)
    routes = [current.routes_for(event.type, event.content) for event in request.events]
    return _resolve(request._replace(routes=routes), found)


def _resolve(request: PublishRequest, found: dict[tuple[str, str], PublishedEvent]) -> Published:
    """Decide what to write for one request, and add its keys to `found` for the requests after it."""
    outcome = Published()
    mine: dict[tuple[str, str], PublishedEvent] = {}
    for index, (event, routes) in enumerate(zip(request.events, request.routes, strict=True)):
        key = (request.workspace_id, event.idempotency_key or "")
        first = (mine.get(key) or found.get(key)) if event.idempotency_key is not None else None
        if first is None:
            committed = PublishedEvent(EventRow.of(request.workspace_id, event), False, len(routes))
            outcome.deliveries += _deliveries(request.workspace_id, event, routes)
            if event.idempotency_key is not None:
                mine[key] = committed
        elif first.row.digest == event.digest:
            committed = first._replace(duplicate=True)
        else:
            outcome.conflicts.append(index)
            continue
        outcome.events.append(committed)
    if outcome.conflicts:
        return Published(conflicts=outcome.conflicts)
    found |= mine
    return outcome


def _deliveries(workspace_id: str, event: PreparedEvent, routes: Sequence[Route]) -> list[NewDelivery]:
    if not routes:
        return []
    at = event.created_at
    return [
        NewDelivery(
            *(new_id_at(DELIVERY, at), workspace_id, event.id, route.webhook_id, event.type, at),
            *(event.ordering_key, route.active),
        )
        for route in routes
    ]


def _writes(outcomes: Sequence[Published], claimed: Mapping[str, str]) -> list[Write]:
    events = [event.row for outcome in outcomes for event in outcome.events if not event.duplicate]
    deliveries = [
        DeliveryRow(
            *(d.id, d.workspace_id, d.event_id, d.webhook_id, d.event_type, False, d.ordering_key),
            *(AttemptTrigger.FIRST.value, d.created_at, claimed.get(d.id)),
        )
        for outcome in outcomes
        for d in outcome.deliveries
    ]
    return inserts(events, deliveries)
