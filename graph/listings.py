"""What each list of the API holds, as conditions on rows. Every listing begins with the workspace's own rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.clock import from_micros
from app.ids import DELIVERY, EVENT, lowest_id
from app.statuses import DeliveryStatus
from graph.inputs.filters import DeliveryFilter, EventFilter, TimeRange, WebhookFilter
from graph.pagination import Listing

# Without the texts that may be large and are seldom asked for: bodies are loaded on their own.
EVENT_COLUMNS = "id, type, occurred_at, created_at, test, idempotency_key, ordering_key"
DELIVERY_COLUMNS = (
    "id, event_id, webhook_id, status, attempt_count, next_attempt_at, last_outcome, last_response_status,"
    " created_at, completed_at"
)
ATTEMPT_COLUMNS = (
    "id, delivery_id, number, trigger, started_at, duration_us, outcome, error, remote_address, request_method,"
    " request_url, request_headers, response_status, response_headers, response_truncated"
)
AUDIT_COLUMNS = "id, at, actor, action, subject_id, changes, source_address"

_EPOCH = from_micros(0)


def webhooks(workspace_id: str, asked: WebhookFilter | None) -> Listing:
    """The ids of webhooks that are not deleted, newest first."""
    listing = Listing("webhook", "id").where("workspace_id = ?", workspace_id).where("deleted_at IS NULL")
    if asked is None:
        return listing
    if asked.statuses is not None:
        listing = listing.where_in("status", asked.statuses)
    if asked.event_type is not None:
        patterns = [f'%"{_escaped(pattern)}"%' for pattern in patterns_for(asked.event_type)]
        listing = listing.where(_either("event_types LIKE ? ESCAPE '\\'" for _ in patterns), *patterns)
    if asked.search is not None:
        text = f"%{_escaped(asked.search.lower())}%"
        columns = ("name", "url", "coalesce(description, '')")
        listing = listing.where(_either(f"lower({column}) LIKE ? ESCAPE '\\'" for column in columns), text, text, text)
    return listing


def events(workspace_id: str, asked: EventFilter | None) -> Listing:
    """Events, newest first; those of pings only where they are asked for."""
    listing = Listing("event", EVENT_COLUMNS).where("workspace_id = ?", workspace_id)
    if asked is None or not asked.include_tests:
        listing = listing.where("NOT test")
    if asked is None:
        return listing
    if asked.types is not None:
        listing = _of_types(listing, "type", asked.types)
    if asked.idempotency_key is not None:
        listing = listing.where("idempotency_key = ?", asked.idempotency_key)
    return _in_time(listing, EVENT, asked.time)


def deliveries(workspace_id: str, asked: DeliveryFilter | None) -> Listing:
    """Deliveries, newest first."""
    listing = Listing("delivery", DELIVERY_COLUMNS).where("workspace_id = ?", workspace_id)
    if asked is None:
        return listing
    if asked.webhook_id is not None:
        listing = listing.where("webhook_id = ?", asked.webhook_id)
    if asked.event_id is not None:
        listing = listing.where("event_id = ?", asked.event_id)
    if asked.event_types is not None:
        listing = _of_types(listing, "event_type", asked.event_types)
    if asked.statuses is not None:
        listing = _of_statuses(listing, asked.statuses)
    return _in_time(listing, DELIVERY, asked.time)


def attempts(workspace_id: str) -> Listing:
    """Attempts, the first one first."""
    return Listing("attempt", ATTEMPT_COLUMNS, descending=False).where("workspace_id = ?", workspace_id)


def api_keys(workspace_id: str) -> Listing:
    """The ids of API keys, newest first."""
    return Listing("api_key", "id").where("workspace_id = ?", workspace_id)


def audit_log(workspace_id: str) -> Listing:
    """Audit entries, newest first."""
    return Listing("audit_entry", AUDIT_COLUMNS).where("workspace_id = ?", workspace_id)


def patterns_for(name: str) -> list[str]:
    """Every pattern by which a webhook can ask for an event type of this name: a.b.c, a.b.*, a.* and *."""
    segments = name.split(".")
    return [name, *(".".join(segments[:count]) + ".*" for count in range(len(segments) - 1, 0, -1)), "*"]


def _of_types(listing: Listing, column: str, patterns: Sequence[str]) -> Listing:
    if "*" in patterns:
        return listing
    prefixes = [pattern[:-1] for pattern in patterns if pattern.endswith(".*")]
    names = [pattern for pattern in patterns if not pattern.endswith(".*")]
    conditions = [f"substr({column}, 1, {len(prefix)}) = ?" for prefix in prefixes]
    if names:
        conditions.append(f"{column} IN ({', '.join('?' * len(names))})")
    return listing.where(_either(conditions), *prefixes, *names) if conditions else listing.where("1 = 0")


def _of_statuses(listing: Listing, statuses: Sequence[DeliveryStatus]) -> Listing:
    # Written out, not as parameters, so that both planners see that the small indexes of unfinished rows will do.
    if not statuses:
        return listing.where("1 = 0")
    if DeliveryStatus.SUCCEEDED not in statuses:
        listing = listing.where(f"status <> '{DeliveryStatus.SUCCEEDED}'")
    words = ", ".join(f"'{status}'" for status in dict.fromkeys(statuses))
    return listing.where(f"status IN ({words})")


def id_range(prefix: str, time: TimeRange) -> tuple[str | None, str | None]:
    """The ids made in a time, from the first on and before the second; None is without a bound."""
    return _first_id(prefix, time.since), _first_id(prefix, time.until)


def _first_id(prefix: str, at: datetime | None) -> str | None:
    return None if at is None else lowest_id(prefix, max(at, _EPOCH))


def _in_time(listing: Listing, prefix: str, time: TimeRange | None) -> Listing:
    if time is None:
        return listing
    low, high = id_range(prefix, time)
    if low is not None:
        listing = listing.where("id >= ?", low)
    return listing if high is None else listing.where("id < ?", high)


def _either(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions)})"


def _escaped(text: str) -> str:
    """Text in which nothing is a wildcard of LIKE … ESCAPE '\\'."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
