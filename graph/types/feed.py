"""Feeds: what webhooks were meant to get, by the sequence of their deliveries."""

from typing import Annotated

import strawberry

from app.clock import from_micros
from app.feed import MAX_ITEMS
from app.feed import Feed as FeedRead
from app.feed import FeedItem as ItemRead
from graph.enums import DeliveryStatus
from graph.errors import BadUserInput
from graph.types.event import Event

After = Annotated[
    int, strawberry.argument(description="Returns items after this place: 0 for all, later `next` of the page before.")
]
First = Annotated[int | None, strawberry.argument(description=f"Maximum number of items: 0 to {MAX_ITEMS}.")]


@strawberry.type(description="One event that a webhook was meant to get, at its place in the feed.")
class FeedItem:
    sequence: int = strawberry.field(description="Place of the delivery, also sent to receivers as `webhook-sequence`.")
    event: Event = strawberry.field(description="The event.")
    status: DeliveryStatus = strawberry.field(description="Status of the delivery.")

    @classmethod
    def of(cls, item: ItemRead) -> "FeedItem":
        event = item.event
        return cls(
            sequence=item.sequence,
            status=item.status,
            event=Event(
                id=strawberry.ID(event.id),
                type=event.type,
                occurred_at=from_micros(event.occurred_at),
                created_at=from_micros(event.created_at),
                test=event.test,
                idempotency_key=event.idempotency_key,
                ordering_key=event.ordering_key,
                known_body=event.body,
            ),
        )


@strawberry.type(
    description="What a webhook was meant to get, by sequence, whether or not it was sent, for receivers that fetch"
    " what they missed."
)
class Feed:
    items: list[FeedItem] = strawberry.field(description="Items in the order of their sequence.")
    next: int = strawberry.field(description="Pass it as `after` to get the items that follow.")
    end: int = strawberry.field(description="Highest sequence so far; 0 if there is none.")
    expired_before: int = strawberry.field(
        description="Items below this sequence may be missing, because their events were deleted after the retention"
        " time. From it on, the feed is complete. 1 if nothing was deleted."
    )

    @classmethod
    def of(cls, feed: FeedRead) -> "Feed":
        return cls(
            items=[FeedItem.of(item) for item in feed.items],
            next=feed.next,
            end=feed.end,
            expired_before=feed.expired_before,
        )


def checked(after: int, first: int) -> tuple[int, int]:
    """The arguments of a feed.

    Raises:
        BadUserInput: one is out of its range.
    """
    if after < 0:
        raise BadUserInput(f"The argument after is {after}; it must be 0 or more.")
    if not 0 <= first <= MAX_ITEMS:
        raise BadUserInput(f"The argument first is {first}; it must be between 0 and {MAX_ITEMS}.")
    return after, first
