"""Webhooks, events, deliveries and attempts: the fields that lead from one to another.

They are recursive (a delivery has an event, which has deliveries), and no two modules import each other, so they share
one module. The plain fields of each are in a separate module.
"""

from typing import cast

import strawberry

from app import feed
from app.feed import MAX_ITEMS, FeedAsked
from app.ids import ATTEMPT, DELIVERY
from app.stats.accounting import AccountingAsked
from graph import listings
from graph.arguments import After, Before, First, Last, OfDeliveries, given
from graph.context import Info
from graph.cursors import Window, window
from graph.enums import DeliveryStatus, Scope
from graph.inputs.filters import DeliveryFilter
from graph.loaders import StatsOfWebhook
from graph.pagination import Children, Listing, Page
from graph.rows import OnlyId, StoredAttempt, StoredDelivery, StoredEvent, if_found
from graph.types.accounting import Accounting, AccountingSince, AccountingUntil, require_range
from graph.types.attempt import AttemptFields
from graph.types.connection import Connection
from graph.types.delivery import DeliveryFields
from graph.types.event import EventFields
from graph.types.feed_arguments import AfterPlace, FirstPlaces, checked
from graph.types.searched import SearchedConnection
from graph.types.secret import WebhookSecret
from graph.types.stats import Buckets, DeliveryStats, Since, Until, attempts_selected
from graph.types.webhook import WebhookFields
from graph.types.webhook_health import WebhookHealthFields


@strawberry.type(description="One HTTP request of a delivery, and its outcome.")
class Attempt(AttemptFields):
    @strawberry.field(description="The delivery that the attempt belongs to.")
    async def delivery(self, info: Info) -> "Delivery":
        row = await info.context.loaders.deliveries.load(self.row.delivery_id)
        assert row is not None  # attempts are kept no longer than their delivery
        return Delivery.from_row(row)


@strawberry.type(description="A page of attempts.")
class AttemptConnection(Connection[Attempt]):
    @classmethod
    def from_page(cls, page: Page[StoredAttempt]) -> "AttemptConnection":
        return cls(nodes=[Attempt.from_row(row) for row in page.rows], page=page)


# Receivers that read a feed see its events, and nothing of other webhooks.
_MORE_THAN_FEEDS = (Scope.READ, Scope.PUBLISH, Scope.MANAGE)
# A caller with only PUBLISH sees its event and the status of its deliveries, but no webhooks: a publisher's key is in
# many programs, and a webhook leads to all of its other deliveries.
_MORE_THAN_PUBLISHING = (Scope.READ, Scope.MANAGE)


@strawberry.type(description="The delivery of one event to one webhook.")
class Delivery(DeliveryFields):
    @strawberry.field(description="The event that is delivered.")
    async def event(self, info: Info) -> "Event":
        row = await info.context.loaders.events.load(self.event_id)
        assert row is not None  # both are written in one transaction
        return Event.from_row(row)

    @strawberry.field(
        description="The webhook that receives the event. A deleted webhook has the status DISABLED. Needs READ or"
        " MANAGE."
    )
    async def webhook(self, info: Info) -> "Webhook":
        info.context.caller.require(*_MORE_THAN_PUBLISHING)
        model = await info.context.loaders.webhooks.load(self.webhook_id)
        assert model is not None  # rows of webhooks stay
        return Webhook.from_model(model)

    @strawberry.field(
        description="Attempts of the delivery, oldest first; `last: 1` returns the latest. Needs READ or MANAGE."
    )
    async def attempts(
        self,
        info: Info,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> AttemptConnection:
        info.context.caller.require(*_MORE_THAN_PUBLISHING)
        asked = window(ATTEMPT, given(first), given(after), given(last), given(before))
        attempts = listings.attempts(info.context.caller.workspace_id)
        page = await info.context.loaders.page(Children(attempts, asked, "delivery_id", self.id))
        return AttemptConnection.from_page(page)


@strawberry.type(description="A page of deliveries.")
class DeliveryConnection(SearchedConnection[Delivery]):
    @classmethod
    def from_page(cls, page: Page[StoredDelivery]) -> "DeliveryConnection":
        return cls(nodes=[Delivery.from_row(row) for row in page.rows], page=page)


async def deliveries_of(
    info: Info, column: str, parent: str, filter: DeliveryFilter | None, asked: Window
) -> DeliveryConnection:
    """A page of the deliveries that have this value in this column."""
    listing = listings.deliveries(info.context.caller.workspace_id, filter, of_one=True)
    return DeliveryConnection.from_page(await info.context.loaders.page(Children(listing, asked, column, parent)))


@strawberry.type(description="Something that happened, published once.")
class Event(EventFields):
    @strawberry.field(
        description="Deliveries of the event, newest first, one to each matching webhook. Needs READ, PUBLISH or"
        " MANAGE."
    )
    async def deliveries(
        self,
        info: Info,
        filter: OfDeliveries = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> DeliveryConnection:
        info.context.caller.require(*_MORE_THAN_FEEDS)
        asked = window(DELIVERY, given(first), given(after), given(last), given(before))
        return await deliveries_of(info, "event_id", self.id, given(filter), asked)


@strawberry.type(description="A page of events, newest first.")
class EventConnection(SearchedConnection[Event]):
    @classmethod
    def from_page(cls, page: Page[StoredEvent]) -> "EventConnection":
        return cls(nodes=[Event.from_row(row) for row in page.rows], page=page)


@strawberry.type(description="One event that a webhook was meant to get, at its place in the feed.")
class FeedItem:
    sequence: int = strawberry.field(description="Place of the delivery, also sent to receivers as `webhook-sequence`.")
    event: Event = strawberry.field(description="The event.")
    status: DeliveryStatus = strawberry.field(
        description="Status of the delivery; CANCELED if there is none, because the webhook was DISABLED."
    )

    @classmethod
    def of(cls, item: feed.FeedItem) -> "FeedItem":
        return cls(sequence=item.sequence, event=Event.from_row(item.event), status=item.status)


@strawberry.type(
    description="What a webhook was meant to receive, by sequence, whether or not it was sent. Receivers use it to"
    " fetch missed events."
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
    def of(cls, read: feed.Feed) -> "Feed":
        return cls(
            items=[FeedItem.of(item) for item in read.items],
            next=read.next,
            end=read.end,
            expired_before=read.expired_before,
        )


@strawberry.type(
    description="What is true of a webhook now, as opposed to statistics over a time range. Costs little for a whole"
    " page of webhooks."
)
class WebhookHealth(WebhookHealthFields):
    @strawberry.field(
        description="The attempt that last failed; null if there is none or it is no longer kept. Pings are not"
        " counted."
    )
    async def last_failure(self, info: Info) -> Attempt | None:
        if self.last_failure_id is None:
            return None
        return if_found(Attempt.from_row, await info.context.loaders.attempts.load(self.last_failure_id))


async def _health(info: Info, webhook_id: str) -> WebhookHealth:
    return WebhookHealth.of(await info.context.loaders.health.load(webhook_id))


@strawberry.type(
    description="A receiver of events: a URL, the event types it receives, and settings of the requests sent to it."
)
class Webhook(WebhookFields):
    @strawberry.field(description="Secrets that currently sign requests, the current one first.")
    async def secrets(self, info: Info) -> list[WebhookSecret]:
        return [WebhookSecret.from_model(secret) for secret in await info.context.loaders.secrets.load(self.id)]

    @strawberry.field(description="What is true of the webhook now, and what to do about it. Needs READ.")
    def health(self, info: Info) -> WebhookHealth:
        info.context.caller.require(Scope.READ)
        known = info.context.loaders.known_health.get(self.id)
        if known is None:
            # The executor awaits what a resolver returns, if that can be awaited.
            return cast("WebhookHealth", _health(info, self.id))
        return WebhookHealth.of(known)

    @strawberry.field(description="Deliveries to the webhook, newest first. Needs READ.")
    async def deliveries(
        self,
        info: Info,
        filter: OfDeliveries = strawberry.UNSET,
        first: First = strawberry.UNSET,
        after: After = strawberry.UNSET,
        last: Last = strawberry.UNSET,
        before: Before = strawberry.UNSET,
    ) -> DeliveryConnection:
        info.context.caller.require(Scope.READ)  # a key that only changes webhooks may not read beyond them
        asked = window(DELIVERY, given(first), given(after), given(last), given(before))
        return await deliveries_of(info, "webhook_id", self.id, given(filter), asked)

    @strawberry.field(
        description="What the webhook was meant to get, in the order of its sequence, also while it is paused or"
        " disabled. Needs FEED or READ."
    )
    async def feed(self, info: Info, after: AfterPlace, first: FirstPlaces = MAX_ITEMS) -> Feed:
        info.context.caller.require(Scope.FEED, Scope.READ)
        asked = checked(after, MAX_ITEMS if first is None else first)
        return Feed.of(await info.context.loaders.feeds.load(FeedAsked(self.id, *asked)))

    @strawberry.field(
        description="Events that the webhook selected, counted by outcome. The time range is that of the creation of"
        " deliveries. Needs READ."
    )
    async def accounting(
        self, info: Info, since: AccountingSince = strawberry.UNSET, until: AccountingUntil = strawberry.UNSET
    ) -> Accounting:
        info.context.caller.require(Scope.READ)
        bounds = given(since), given(until)
        require_range(*bounds)
        return Accounting.of(await info.context.loaders.accounting.load(AccountingAsked(self.id, *bounds)))

    @strawberry.field(
        description="Statistics of the webhook's deliveries, by default over the last 24 hours. Needs READ."
    )
    async def stats(
        self,
        info: Info,
        since: Since = strawberry.UNSET,
        until: Until = strawberry.UNSET,
        buckets: Buckets = strawberry.UNSET,
    ) -> DeliveryStats:
        info.context.caller.require(Scope.READ)
        asked = StatsOfWebhook(self.id, given(since), given(until), given(buckets), attempts_selected(info))
        return DeliveryStats.of(await info.context.loaders.stats.load(asked))


@strawberry.type(description="A page of webhooks.")
class WebhookConnection(Connection[Webhook]):
    listing: strawberry.Private[Listing[OnlyId]]

    @strawberry.field(description="Total number of webhooks in the list.")
    async def total_count(self, info: Info) -> int:
        row = await info.context.resources.database.fetch_one(self.listing.count(), *self.listing.parameters)
        return 0 if row is None else row["count"]
