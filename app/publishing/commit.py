"""The one transaction of publishing: events and their deliveries, for many requests at once.

Each request is written entirely or not at all. An idempotency key that was used before returns the first event. If the
content differs, it is a conflict: that request writes nothing, while the other requests of the batch proceed.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from app.clock import Micros
from app.database.batch import Columns, Dialect
from app.database.database import Statements
from app.database.errors import NotAllTouched, UniqueViolation
from app.database.statements import Write
from app.errors import Problem
from app.ids import DELIVERY, new_id_at
from app.publishing.draft import PreparedEvent
from app.publishing.rows import DeliveryRow, EventRow, MissedRow, inserts, missed_inserts
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
    """The events of one call, checked, with the routes found under one version of the workspace's registry."""

    workspace_id: str
    events: Sequence[PreparedEvent]
    registry_version: int
    routes: Sequence[Sequence[Route]]
    # The DISABLED webhooks that each event misses; empty if there are none.
    missed_by: Sequence[Sequence[str]] = ()


class NewDelivery(NamedTuple):
    """A delivery that was just committed. `due`: its webhook is active and no process holds it, so a worker can take
    it.
    """

    id: str
    workspace_id: str
    event_id: str
    webhook_id: str
    event_type: str
    created_at: Micros
    ordering_key: str | None
    due: bool


class PublishedEvent(NamedTuple):
    """An event as it is in the database, new or found by its idempotency key."""

    row: EventRow
    duplicate: bool
    delivery_count: int


@dataclass(slots=True)
class Published:
    """Result of one request: its events in order and its new deliveries; or only its problems; or the indexes of its
    conflicts; or nothing, because its events were checked against event types that have changed since.
    """

    events: list[PublishedEvent] = field(default_factory=list)
    deliveries: list[NewDelivery] = field(default_factory=list)
    missed: list[MissedRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)
    outdated: bool = False


# Reads, in transaction, the results of its requests.
Decide: TypeAlias = Callable[[Statements], Coroutine[Any, Any, list[Published]]]


class PublishingMode(Protocol):
    """What publishing does differently in the embedded and in the distributed mode (ADR 20 in docs/adr).

    `app.publishing.distributed` and `app.delivery.claim_at_publish` implement it, and `app.resources` chooses. Entering
    one of its transactions runs the statements; leaving it waits for the commit.
    """

    gathers: bool
    """Whether a commit waits a moment for callers that published recently (see `GroupCommit`)."""

    def write(self, results: Sequence[Published], check: Write) -> AbstractAsyncContextManager[None]:
        """Write results that were found without reading, if `check` finds all its rows.

        Raises:
            NotAllTouched: `check` did not find all its rows; nothing was written.
            UniqueViolation: an idempotency key was used before; nothing was written.
        """

    def decide_and_write(self, decide: Decide, rows: int) -> AbstractAsyncContextManager[list[Published]]:
        """Write and yield what `decide` returns; `rows` is about how many rows that is.

        Raises:
            UniqueViolation: another process used an idempotency key at the same moment; nothing was written.
        """


@asynccontextmanager
async def committing(
    mode: PublishingMode, registries: Registries, requests: Sequence[PublishRequest]
) -> AsyncIterator[list[Published]]:
    """Write the requests in one transaction; the block receives their results and runs during the commit.

    Raises:
        DatabaseUnavailable: nothing is known to have been written.
    """
    async with AsyncExitStack() as transaction:
        yield await _begin(transaction, mode, registries, requests)


async def _begin(
    transaction: AsyncExitStack, mode: PublishingMode, registries: Registries, requests: Sequence[PublishRequest]
) -> list[Published]:
    """Enter the transaction. First assume that no registry has changed and no key was used before, because that needs
    no reading.
    """
    found: dict[tuple[str, str], PublishedEvent] = {}
    results = [_resolve(request, found) for request in requests]
    versions = {(request.workspace_id, request.registry_version) for request in requests}
    try:
        await transaction.enter_async_context(mode.write(results, (_CURRENT, _VERSIONS, list(versions))))
    except (NotAllTouched, UniqueViolation):
        return await _begin_by_reading(transaction, mode, registries, requests)
    return results


async def _begin_by_reading(
    transaction: AsyncExitStack, mode: PublishingMode, registries: Registries, requests: Sequence[PublishRequest]
) -> list[Published]:
    async def decide(statements: Statements) -> list[Published]:
        current = await registries.all_current(statements, {request.workspace_id for request in requests})
        found = await _found_by_key(statements, requests)
        return [_decide(request, current[request.workspace_id], found) for request in requests]

    rows = sum([len(request.events) + sum(map(len, [*request.routes, *request.missed_by])) for request in requests])
    while True:
        try:
            return await transaction.enter_async_context(mode.decide_and_write(decide, rows))
        except UniqueViolation:
            continue  # Another process used one of the keys at the same moment; now it can be found.


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
    return _resolve(request._replace(routes=routes, missed_by=missed_by(current, request.events)), found)


def missed_by(registry: Registry, events: Sequence[PreparedEvent]) -> Sequence[Sequence[str]]:
    """For each event, the DISABLED webhooks that select it; empty if the workspace has none."""
    return [registry.missed_by(event.type, event.content) for event in events] if registry.disabled else ()


def _resolve(request: PublishRequest, found: dict[tuple[str, str], PublishedEvent]) -> Published:
    """Decide what to write for one request, and add its keys to `found` for the requests after it."""
    outcome = Published()
    mine: dict[tuple[str, str], PublishedEvent] = {}
    for index, (event, routes) in enumerate(zip(request.events, request.routes, strict=True)):
        key = (request.workspace_id, event.idempotency_key or "")
        first = (mine.get(key) or found.get(key)) if event.idempotency_key is not None else None
        if first is None:
            committed = PublishedEvent(EventRow.of(request.workspace_id, event), False, len(routes))
            outcome.deliveries += new_deliveries(request.workspace_id, event, routes)
            if request.missed_by:
                outcome.missed += missed_rows(request.workspace_id, event, request.missed_by[index])
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


def new_deliveries(workspace_id: str, event: PreparedEvent, routes: Sequence[Route]) -> list[NewDelivery]:
    """One delivery of the event for each route."""
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


def missed_rows(workspace_id: str, event: PreparedEvent, webhook_ids: Sequence[str]) -> list[MissedRow]:
    """The trace of the event for each DISABLED webhook that misses it."""
    at = event.created_at
    return [MissedRow(new_id_at(DELIVERY, at), workspace_id, webhook_id, event.id, at) for webhook_id in webhook_ids]


def writes_of(dialect: Dialect, results: Sequence[Published], claimed: Mapping[str, str]) -> list[Write]:
    """The statements that write results. `claimed` gives the claiming worker by delivery ID."""
    events = [event.row for result in results for event in result.events if not event.duplicate]
    deliveries = [
        DeliveryRow(
            *(d.id, d.workspace_id, d.event_id, d.webhook_id, d.event_type, False, d.ordering_key),
            *(AttemptTrigger.FIRST.value, d.created_at, claimed.get(d.id)),
        )
        for result in results
        for d in result.deliveries
    ]
    writes = inserts(dialect, events, deliveries)
    missed = [row for result in results for row in result.missed]
    return writes + missed_inserts(dialect, missed) if missed else writes
