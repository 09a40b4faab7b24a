"""Webhooks: where events go."""

from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from app.ids import DELIVERY
from app.models import Webhook as WebhookModel
from app.stats.measure import measure
from app.statuses import Scope
from app.webhooks.credentials import open_headers
from graph import listings
from graph.arguments import After, Before, First, Last, OfDeliveries, given
from graph.context import Info
from graph.enums import AuthenticationKind, HttpMethod, SignatureScheme, WebhookStatus
from graph.pagination import Children, Listing, window
from graph.types.connection import Connection
from graph.types.delivery import DeliveryConnection
from graph.types.header import Header
from graph.types.node import Node
from graph.types.secret import WebhookSecret
from graph.types.stats import Buckets, DeliveryStats, Since, Until

CONTENT_TYPE = "application/json"


@strawberry.type(
    description="What a webhook's requests carry in their Authorization header. Credentials are write-only."
)
class WebhookAuthentication:
    kind: AuthenticationKind = strawberry.field(description="Which kind of credentials, if any.")
    username: str | None = strawberry.field(description="The username, where the kind is BASIC.")


@strawberry.type(description="When a delivery is tried again.")
class RetryPolicy:
    delays_seconds: list[int] = strawberry.field(
        description="Seconds before the 2nd, 3rd … attempt; one more attempt is made than there are delays."
    )


@strawberry.type(description="Where events go: a URL, which events it asks for, and how requests to it are made.")
class Webhook(Node):
    name: str = strawberry.field(description="Its name.")
    url: str = strawberry.field(description="Where its requests go.")
    description: str | None = strawberry.field(description="What it is for.")
    event_types: list[str] = strawberry.field(
        description='Which events it asks for: names or patterns, e.g. "ticket.created", "ticket.*", "*".'
    )
    filter: str | None = strawberry.field(
        description='Which of those events: CEL over the event, e.g. data.ticket.priority == "urgent".'
    )
    method: HttpMethod = strawberry.field(description="The method of its requests.")
    content_type: str = strawberry.field(description="The content type of its requests.")
    timeout_seconds: int = strawberry.field(description="How long an attempt may take in all.")
    verify_ssl: bool = strawberry.field(description="Whether the receiver's certificate must be valid.")
    ip_allowlist: list[str] = strawberry.field(
        description="CIDRs that the URL may resolve to; empty means any public address."
    )
    authentication: WebhookAuthentication = strawberry.field(
        description="How its requests authenticate, beside the signature."
    )
    signature_scheme: SignatureScheme = strawberry.field(description="How its requests are signed.")
    rotate_secret_every_days: int | None = strawberry.field(
        description="After how many days its secret is rotated by itself; null means never."
    )
    next_secret_rotation_at: datetime | None = strawberry.field(description="When that will be next.")
    retry_policy: RetryPolicy = strawberry.field(description="When its deliveries are tried again.")
    rate_limit_per_second: int | None = strawberry.field(
        description="How many attempts may begin in a second; null means no limit."
    )
    max_in_flight: int = strawberry.field(description="How many attempts may be under way at once.")
    status: WebhookStatus = strawberry.field(description="Whether its deliveries go out.")
    status_reason: str | None = strawberry.field(description="Why it has this status, where there is more to say.")
    status_changed_at: datetime = strawberry.field(description="Since when it has this status.")
    metadata: JSON = strawberry.field(description="Whatever its owner keeps with it.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When its settings were last changed.")
    model: strawberry.Private[WebhookModel]

    @classmethod
    def from_model(cls, model: WebhookModel) -> "Webhook":
        """A webhook as the API shows it; a deleted one, which only its deliveries still show, as disabled."""
        deleted = model.deleted_at
        return cls(
            id=strawberry.ID(model.id),
            name=model.name,
            url=model.url,
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
            status_changed_at=deleted or model.status_changed_at,
            metadata=model.metadata,
            created_at=model.created_at,
            updated_at=model.updated_at,
            model=model,
        )

    @strawberry.field(description="Headers that its requests carry beside the product's own.")
    def headers(self, info: Info) -> list[Header]:
        headers = open_headers(info.context.resources.cipher, self.model)
        return [Header(name=header.name, value=header.shown) for header in headers]

    @strawberry.field(description="The secrets that sign now, the current one first.")
    async def secrets(self, info: Info) -> list[WebhookSecret]:
        return await info.context.loaders.secrets.load(self.id)

    @strawberry.field(description="Its deliveries, newest first. Needs READ.")
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
        description="How its deliveries have been doing: the 24 hours until now, where nothing else is said."
        " Needs READ."
    )
    async def stats(
        self,
        info: Info,
        since: Since = strawberry.UNSET,
        until: Until = strawberry.UNSET,
        buckets: Buckets = strawberry.UNSET,
    ) -> DeliveryStats:
        info.context.caller.require(Scope.READ)
        asked = given(since), given(until), given(buckets)
        return DeliveryStats.of(await measure(info.context.resources, info.context.caller, self.id, *asked))


@strawberry.type(description="A page of webhooks, newest first.")
class WebhookConnection(Connection[Webhook]):
    listing: strawberry.Private[Listing]

    @strawberry.field(description="How many webhooks the whole list holds.")
    async def total_count(self, info: Info) -> int:
        row = await info.context.resources.database.fetch_one(self.listing.count(), *self.listing.parameters)
        return 0 if row is None else row["count"]
