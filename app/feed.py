"""Reads what webhooks were meant to receive, by the sequence numbers of their deliveries.

A receiver that has all numbers up to one asks for those after it. One statement reads items and bounds, so they are of
one moment: numbers missing between the items were deleted by retention, and `expired_before` says up to where.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from app.access.narrowing import EVERYTHING, Narrowing
from app.clock import Micros
from app.database.batch import Columns
from app.database.database import Row, Statements
from app.statuses import DeliveryStatus

MAX_ITEMS = 100

_ASKED: Columns = (("webhook_id", "text"), ("beyond", "bigint"), ("most", "bigint"))
# Sequence numbers are consecutive, so a page is the range that begins with the first existing one. That needs no LIMIT,
# which could not differ between webhooks.
_FEEDS = """
WITH page AS (
  SELECT asked.webhook_id, asked.beyond, asked.most, coalesce(counter.last_sequence, 0) AS last_sequence,
    coalesce(kept.expired_before, 1) AS expired_before,
    (SELECT min(first.place) FROM (
      SELECT min(d.sequence) AS place FROM delivery d
      WHERE d.webhook_id = asked.webhook_id AND d.sequence > asked.beyond
      UNION ALL SELECT min(m.sequence) FROM missed_delivery m
      WHERE m.webhook_id = asked.webhook_id AND m.sequence > asked.beyond
    ) AS first) AS start
  FROM {{rows}} AS asked JOIN webhook w ON w.id = asked.webhook_id AND w.workspace_id = $1{of}
  LEFT JOIN webhook_sequence counter ON counter.webhook_id = asked.webhook_id
  LEFT JOIN webhook_feed kept ON kept.webhook_id = asked.webhook_id
)
SELECT page.webhook_id, page.beyond, page.most, page.last_sequence, page.expired_before, item.sequence, item.status,
  {event}
FROM page LEFT JOIN delivery item ON item.webhook_id = page.webhook_id
  AND item.sequence >= page.start AND item.sequence < page.start + page.most
LEFT JOIN event e ON e.id = item.event_id
UNION ALL
SELECT page.webhook_id, page.beyond, page.most, page.last_sequence, page.expired_before, item.sequence, 'CANCELED',
  {event}
FROM page JOIN missed_delivery item ON item.webhook_id = page.webhook_id
  AND item.sequence >= page.start AND item.sequence < page.start + page.most
JOIN event e ON e.id = item.event_id
"""
_EVENT = "e.id, e.type, e.occurred_at, e.created_at, e.test, e.idempotency_key, e.ordering_key, e.trace, e.erased_at"
_WITHOUT_BODIES = _FEEDS.format(event=_EVENT, of="")
_FOR_RECEIVERS = _FEEDS.format(event=f"{_EVENT}, e.body", of=" AND w.deleted_at IS NULL")


class FeedAsked(NamedTuple):
    """A request for a page: the first `most` numbers of a webhook after `beyond`."""

    webhook_id: str
    beyond: int
    most: int


class FeedEvent(NamedTuple):
    """The event of an item; times are microseconds since the epoch. The body only if it was requested."""

    id: str
    type: str
    occurred_at: Micros
    created_at: Micros
    test: bool
    idempotency_key: str | None
    ordering_key: str | None
    trace: str | None
    erased_at: Micros | None
    body: str | None


class FeedItem(NamedTuple):
    """One sequence number, with the status of its delivery; CANCELED if the webhook missed it while DISABLED."""

    sequence: int
    status: DeliveryStatus
    event: FeedEvent


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of a webhook's feed.

    Attributes:
        next: the value of `beyond` for the next page.
        end: the newest number so far; 0 if there is none.
        expired_before: numbers below it may be missing, because their events were deleted; 1 if none was.
    """

    items: Sequence[FeedItem]
    next: int
    end: int
    expired_before: int


async def read_feeds(
    statements: Statements,
    workspace_id: str,
    asked: Sequence[FeedAsked],
    *,
    for_receivers: bool = False,
    narrowing: Narrowing = EVERYTHING,
) -> dict[FeedAsked, Feed]:
    """The feeds of webhooks of a workspace; a webhook of another workspace has none.

    Args:
        narrowing: leaves out the feeds of webhooks and the items of event types that it does not see.
        for_receivers: with the events' bodies, and without deleted webhooks.
    """
    text = _FOR_RECEIVERS if for_receivers else _WITHOUT_BODIES
    rows: dict[FeedAsked, list[Row]] = {}
    asked = [one for one in asked if narrowing.sees_webhook(one.webhook_id)]
    for row in await statements.fetch_rows(text, _ASKED, asked, workspace_id):
        rows.setdefault(FeedAsked(row["webhook_id"], row["beyond"], row["most"]), []).append(row)
    return {one: _feed(one, found, narrowing) for one, found in rows.items()}


def _feed(asked: FeedAsked, rows: Sequence[Row], narrowing: Narrowing) -> Feed:
    # An event is deleted after its deliveries, so an item always has one.
    items = [_item(row) for row in rows if row["sequence"] is not None and row["id"] is not None]
    items.sort(key=lambda item: item.sequence)
    end = rows[0]["last_sequence"]
    # A number beyond the end does not exist yet, which happens after a restored backup: the feed continues at its end.
    nothing = end if asked.most else asked.beyond
    seen = [item for item in items if narrowing.sees_type(item.event.type)]
    return Feed(seen, items[-1].sequence if items else nothing, end, rows[0]["expired_before"])


def _item(row: Row) -> FeedItem:
    return FeedItem(
        sequence=row["sequence"],
        status=DeliveryStatus(row["status"]),
        event=FeedEvent(
            id=row["id"],
            type=row["type"],
            occurred_at=row["occurred_at"],
            created_at=row["created_at"],
            test=bool(row["test"]),
            idempotency_key=row["idempotency_key"],
            ordering_key=row["ordering_key"],
            trace=row["trace"],
            erased_at=row["erased_at"],
            body=row.get("body"),
        ),
    )
