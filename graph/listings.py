"""The lists of the API, as conditions on rows. Every listing starts from the workspace's own rows."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.catalogue.patterns import OPERATIONAL, is_pattern
from app.data_conditions import of_data, of_text
from app.delivery_filter import (
    Condition,
    in_time,
    names_one,
    narrow_conditions,
    of_statuses,
    of_types,
    search_conditions,
)
from app.delivery_filter import DeliveryFilter as DomainFilter
from app.ids import AUDIT_ENTRY, EVENT, is_id
from app.statuses import DeliveryStatus
from graph.enums import OrderDirection, WebhookOrderField
from graph.inputs.filters import (
    AuditFilter,
    DeliveryFilter,
    EventFilter,
    WebhookFilter,
    WebhookOrder,
    require_few,
)
from graph.inputs.problems import ProblemFilter
from graph.inputs.search import data_conditions, searched
from graph.pagination import Listing, Order
from graph.rows import (
    OnlyId,
    RowType,
    StoredAttempt,
    StoredAuditEntry,
    StoredDelivery,
    StoredEvent,
    StoredProblem,
    StoredWorkspace,
)

# Longer than any name or URL; SQLite compares at most 50,000.
MAX_SEARCH_CHARACTERS = 5_000
# Rows are searched by their workspace, or by something narrower if it is known, and then only compared with the
# workspace: SQLite has no statistics, and might as well scan all rows of the workspace. PostgreSQL has statistics, and
# treats both alike.
_SOUGHT = "workspace_id = ?"
_COMPARED = "NOT workspace_id <> ?"
# The ID of an attempt sorts by the time at which it ended.
_SORT_KEYS = {
    WebhookOrderField.CREATED_AT: "id",
    WebhookOrderField.NAME: "lower(name)",
    WebhookOrderField.LAST_FAILURE_AT: "coalesce(last_failure_id, '')",
}


def workspaces(external_id: str | None = None) -> Listing[StoredWorkspace]:
    """The workspaces of the installation that are not deleted, newest first."""
    listing = Listing("workspace", StoredWorkspace).where("deleted_at IS NULL")
    return listing if external_id is None else listing.where("external_id = ?", external_id.strip())


def webhooks(workspace_id: str, asked: WebhookFilter | None) -> Listing[OnlyId]:
    """The ids of webhooks that are not deleted, newest first."""
    listing = Listing("webhook", OnlyId).where(_SOUGHT, workspace_id).where("deleted_at IS NULL")
    if asked is None:
        return listing
    if asked.statuses is not None:
        listing = listing.where_in("status", list(dict.fromkeys(asked.statuses)))
    if asked.external_ids is not None:
        require_few("externalIds", asked.external_ids)
        listing = listing.where_in("external_id", list(dict.fromkeys(asked.external_ids)))
    if asked.event_type is not None:
        patterns = [f'%"{_escaped(pattern)}"%' for pattern in patterns_for(asked.event_type)]
        listing = listing.where(_either("event_types LIKE ? ESCAPE '\\'" for _ in patterns), *patterns)
    if asked.search is not None:
        if len(asked.search) > MAX_SEARCH_CHARACTERS:
            return listing.where("1 = 0")
        text = f"%{_escaped(asked.search.lower())}%"
        columns = ("name", "url", "coalesce(description, '')")
        listing = listing.where(_either(f"lower({column}) LIKE ? ESCAPE '\\'" for column in columns), text, text, text)
    return listing


def ordered(listing: Listing[RowType], order_by: WebhookOrder | None) -> Listing[RowType]:
    """The same webhooks in another order."""
    if order_by is None or (order_by.field, order_by.direction) == (WebhookOrderField.CREATED_AT, OrderDirection.DESC):
        return listing
    order = Order(order_by.field, _SORT_KEYS[order_by.field])
    return replace(listing, descending=order_by.direction is OrderDirection.DESC, order=order)


def events(workspace_id: str, asked: EventFilter | None) -> Listing[StoredEvent]:
    """Events, newest first; test events only if they are requested."""
    listing = Listing("event", StoredEvent).where(_SOUGHT, workspace_id)
    if asked is None or not asked.include_tests:
        listing = listing.where("NOT test")
    if asked is None:
        return listing
    conditions: list[Condition] = []
    listing = _searching_events(listing, asked)
    if asked.idempotency_key is not None:
        conditions.append(("idempotency_key = ?", (asked.idempotency_key,)))
    if asked.time is not None:
        conditions += in_time(EVENT, asked.time.asked())
    return _narrowed(listing, conditions)


def _searching_events(listing: Listing[StoredEvent], asked: EventFilter) -> Listing[StoredEvent]:
    require_few("types", asked.types)
    types = list(dict.fromkeys(asked.types or ()))
    if len(types) == 1 and is_pattern(types[0]) and not types[0].endswith("*"):
        listing = listing.where("type = ?", types[0])
    elif asked.types is not None and "*" not in types:
        text, values = of_types("type", types)
        listing = listing.where_sought(text, *values) if types else listing.where(text)
    for condition in data_conditions(asked.data) or ():
        listing = listing.where_sought(*_sought_in_event(of_data("e.body", condition)))
    search = searched(asked.search)
    if search is None:
        return listing
    if is_id(EVENT, search):
        return listing.where("id = ?", search)
    return listing.where_sought(*_sought_in_event(of_text("e.body", search)))


def _sought_in_event(condition: Condition) -> tuple[Any, ...]:
    """A condition on the body, which lists do not read."""
    text, values = condition
    return (f"(SELECT {text} FROM event e WHERE e.id = event.id)", *values)


def deliveries(workspace_id: str, asked: DeliveryFilter | None, *, of_one: bool = False) -> Listing[StoredDelivery]:
    """Deliveries, newest first; `of_one` if they will be restricted to those of one webhook or event."""
    meant = None if asked is None else asked.few()
    of_one = of_one or (meant is not None and names_one(meant))
    listing = Listing("delivery", StoredDelivery).where(_COMPARED if of_one else _SOUGHT, workspace_id)
    return listing if meant is None else _of_deliveries(listing, meant)


def attempts(workspace_id: str) -> Listing[StoredAttempt]:
    """Attempts, oldest first, to be restricted to those of one delivery."""
    return Listing("attempt", StoredAttempt, descending=False).where(_COMPARED, workspace_id)


def api_keys(workspace_id: str) -> Listing[OnlyId]:
    """The ids of API keys, newest first."""
    return Listing("api_key", OnlyId).where(_SOUGHT, workspace_id)


def operations(workspace_id: str) -> Listing[OnlyId]:
    """The ids of operations, newest first."""
    return Listing("operation", OnlyId).where(_SOUGHT, workspace_id)


def problems(workspace_id: str, asked: ProblemFilter | None) -> Listing[StoredProblem]:
    """Problems, newest first."""
    of_one = asked is not None and asked.webhook_id is not None
    listing = Listing("problem", StoredProblem).where(_COMPARED if of_one else _SOUGHT, workspace_id)
    if asked is None:
        return listing
    if asked.webhook_id is not None:
        listing = listing.where("webhook_id = ?", asked.webhook_id)
    if asked.statuses is not None:
        listing = listing.where_in("status", list(dict.fromkeys(asked.statuses)))
    return listing


def audit_log(workspace_id: str, asked: AuditFilter | None = None) -> Listing[StoredAuditEntry]:
    """Audit entries, newest first."""
    listing = Listing("audit_entry", StoredAuditEntry).where(_SOUGHT, workspace_id)
    if asked is None:
        return listing
    if asked.subject_id is not None:
        listing = listing.where("subject_id = ?", asked.subject_id)
    if asked.actor_id is not None:
        listing = listing.where("actor_id = ?", asked.actor_id)
    if asked.actions is not None:
        require_few("actions", asked.actions)
        listing = listing.where_in("action", list(dict.fromkeys(asked.actions)))
    if asked.time is not None:
        listing = _narrowed(listing, in_time(AUDIT_ENTRY, asked.time.asked()))
    return listing


def patterns_for(name: str) -> list[str]:
    """Every pattern by which a webhook can select an event type of this name: a.b.c, a.b.*, a.* and *."""
    if not is_pattern(name):
        return ["*"]
    segments = name.split(".")
    families = [".".join(segments[:count]) + ".*" for count in range(len(segments) - 1, 0, -1)]
    return [name, *families, *([] if name in OPERATIONAL else ["*"])]


def _of_deliveries(listing: Listing[RowType], asked: DomainFilter) -> Listing[RowType]:
    for text, values in search_conditions(asked):
        listing = listing.where_sought(text, *values)
    statuses = list(dict.fromkeys(asked.statuses or ()))
    if len(statuses) < 2 or DeliveryStatus.SUCCEEDED in statuses:
        return _narrowed(listing, narrow_conditions(asked))
    # The small indexes of deliveries that have not succeeded begin with a single status. Sorting those with any of
    # several statuses would cost as much as their number, which is large during a backlog.
    lanes = [" AND ".join(text for text, _ in of_statuses([status])) for status in statuses]
    return replace(_narrowed(listing, narrow_conditions(replace(asked, statuses=None))), lanes=tuple(lanes))


def _narrowed(listing: Listing[RowType], conditions: Iterable[Condition]) -> Listing[RowType]:
    for text, values in conditions:
        listing = listing.where(text, *values)
    return listing


def _either(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions)})"


def _escaped(text: str) -> str:
    """Text in which nothing is a wildcard of LIKE … ESCAPE '\\'."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
