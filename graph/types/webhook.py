"""Webhooks."""

from contextlib import suppress
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from app.encryption import NotDecrypted
from app.feed import MAX_ITEMS, FeedAsked
from app.ids import DELIVERY
from app.models import Webhook as WebhookModel
from app.statuses import Scope
from app.webhooks.credentials import open_headers
from app.webhooks.urls import open_url, shown_url
from graph import listings
from graph.arguments import After, Before, First, Last, OfDeliveries, given
from graph.context import Info
from graph.enums import AuthenticationKind, HttpMethod, SignatureScheme, WebhookStatus, WebhookStatusReason
from graph.pagination import Children, Listing, window
from graph.types import feed as feeds
from graph.types.connection import Connection
from graph.types.delivery import DeliveryConnection
from graph.types.header import Header
from graph.types.node import Node
from graph.types.secret import WebhookSecret
from graph.types.stats import Buckets, DeliveryStats, Since, Until, WebhookStats
from graph.types.webhook_health import WebhookHealth

CONTENT_TYPE = "application/json"


@strawberry.type(
    description="Credentials that a webhook's requests carry in their Authorization header. Secret values are"
    " write-only."
)
class WebhookAuthentication:
    kind: AuthenticationKind = strawberry.field(description="Kind of credentials.")
    username: str | None = strawberry.field(description="Username; null unless the kind is BASIC.")


@strawberry.type(description="A retry schedule.")
class RetryPolicy:
    delays_seconds: list[int] = strawberry.field(
        description="Delays before the 2nd, 3rd, … attempt, in seconds. The maximum number of attempts is one more"
        " than the number of delays."
    )


@strawberry.type(
    description="A receiver of events: a URL, the event types it receives, and settings of the requests sent to it."
)
class Webhook(Node):
    name: str = strawberry.field(description="Name of the webhook.")
    description: str | None = strawberry.field(description="What the webhook is for.")
    event_types: list[str] = strawberry.field(
        description='Event types that the webhook receives: names or patterns, e.g. "ticket.created", "ticket.*", "*".'
    )
    filter: str | None = strawberry.field(
        description='CEL expression that selects among those events, e.g. data.ticket.priority == "urgent". Null'
        " selects all."
    )
    method: HttpMethod = strawberry.field(description="HTTP method of requests.")
    content_type: str = strawberry.field(description="Content type of requests.")
    timeout_seconds: int = strawberry.field(description="Maximum duration of an attempt, in seconds.")
    verify_ssl: bool = strawberry.field(description="Whether the receiver's TLS certificate must be valid.")
    ip_allowlist: list[str] = strawberry.field(
        description="CIDR ranges that the URL may resolve to; empty means any public address."
    )
    authentication: WebhookAuthentication = strawberry.field(
        description="How requests authenticate, in addition to the signature."
    )
    signature_scheme: SignatureScheme = strawberry.field(description="How requests are signed.")
    rotate_secret_every_days: int | None = strawberry.field(
        description="Interval of automatic secret rotation, in days; null means never."
    )
    next_secret_rotation_at: datetime | None = strawberry.field(
        description="Time of the next automatic secret rotation; null if there is none."
    )
    retry_policy: RetryPolicy = strawberry.field(description="Schedule by which failed attempts are retried.")
    rate_limit_per_second: int | None = strawberry.field(
        description="Maximum number of attempts started per second; null means no limit."
    )
    max_in_flight: int = strawberry.field(description="Maximum number of attempts in flight at once.")
    status: WebhookStatus = strawberry.field(description="Whether deliveries are sent.")
    status_reason: str | None = strawberry.field(description="Reason for the status, if there is more to say.")
    status_reason_code: WebhookStatusReason | None = strawberry.field(
        description="Reason for the status as a code; null for an active webhook."
    )
    status_changed_at: datetime = strawberry.field(description="Time at which the status last changed.")
    metadata: JSON = strawberry.field(description="Arbitrary JSON object stored with the webhook.")
    external_id: str | None = strawberry.field(
        description="Your own ID of the webhook, unique in the workspace; null if it has none."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")
    updated_at: datetime = strawberry.field(description="Time of the last change to the settings.")
    model: strawberry.Private[WebhookModel]

    @classmethod
    def from_model(cls, model: WebhookModel) -> "Webhook":
        """A webhook as the API shows it; a deleted one, which only its deliveries still show, as disabled."""
        deleted = model.deleted_at
        return cls(
            id=strawberry.ID(model.id),
            name=model.name,
            description=model.description,
            event_types=model.event_types,
            filter=model.filter_expression,
            method=model.method,
            content_type=CONTENT_TYPE,
            timeout_seconds=model.timeout_seconds,
            verify_ssl=model.verify_ssl,
            ip_allowlist=model.ip_allowlist,
            authentication=WebhookAuthentication(
                kind=model.authentication_kind, username=model.authentication_username
            ),
            signature_scheme=model.signature_scheme,
            rotate_secret_every_days=model.rotate_secret_every_days,
            next_secret_rotation_at=model.next_secret_rotation_at,
            retry_policy=RetryPolicy(delays_seconds=model.retry_delays_seconds),
            rate_limit_per_second=model.rate_limit_per_second,
            max_in_flight=model.max_in_flight,
            status=WebhookStatus.DISABLED if deleted else model.status,
            status_reason="Deleted." if deleted else model.status_reason,
            status_reason_code=WebhookStatusReason.PERSON if deleted else model.status_reason_code,
            status_changed_at=deleted or model.status_changed_at,
            metadata=model.metadata,
            external_id=model.external_id,
            created_at=model.created_at,
            updated_at=model.updated_at,
            model=model,
        )

    @strawberry.field(
        description="URL that requests are sent to, with the values of its query masked for callers without SECRETS."
    )
    def url(self, info: Info) -> str:
        if Scope.SECRETS in info.context.caller.scopes:
            with suppress(NotDecrypted):
                return open_url(info.context.resources.cipher, self.model)
        return shown_url(self.model.url)

    @strawberry.field(description="Custom headers sent with each request.")
    def headers(self, info: Info) -> list[Header]:
        headers = open_headers(info.context.resources.cipher, self.model)
        return [Header(name=header.name, value=header.shown) for header in headers]

    @strawberry.field(description="Secrets that currently sign requests, the current one first.")
    async def secrets(self, info: Info) -> list[WebhookSecret]:
        return await info.context.loaders.secrets.load(self.id)

    @strawberry.field(description="What is true of the webhook now, and what to do about it. Needs READ.")
    async def health(self, info: Info) -> WebhookHealth:
        info.context.caller.require(Scope.READ)
        return await info.context.loaders.health.load(self.id)

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
        info.context.caller.require(Scope.READ)  # a key that only changes webhooks gets no further than to them
        asked = window(DELIVERY, given(first), given(after), given(last), given(before))
        deliveries = listings.deliveries(info.context.caller.workspace_id, given(filter), of_one=True)
        page = await info.context.loaders.pages.load(Children(deliveries, asked, "webhook_id", self.id))
        return DeliveryConnection.from_page(page)

    @strawberry.field(
        description="What the webhook was meant to get, in the order of its sequence, also while it is paused or"
        " disabled. Needs FEED or READ."
    )
    async def feed(self, info: Info, after: feeds.After, first: feeds.First = MAX_ITEMS) -> feeds.Feed:
        info.context.caller.require(Scope.FEED, Scope.READ)
        asked = feeds.checked(after, MAX_ITEMS if first is None else first)
        return await info.context.loaders.feeds.load(FeedAsked(self.id, *asked))

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
        asked = WebhookStats(self.id, given(since), given(until), given(buckets))
        return await info.context.loaders.stats.load(asked)


@strawberry.type(description="A page of webhooks.")
class WebhookConnection(Connection[Webhook]):
    listing: strawberry.Private[Listing]

    @strawberry.field(description="Total number of webhooks in the list.")
    async def total_count(self, info: Info) -> int:
        row = await info.context.resources.database.fetch_one(self.listing.count(), *self.listing.parameters)
        return 0 if row is None else row["count"]
