"""Events."""

from datetime import datetime

import orjson
import strawberry
from strawberry.scalars import JSON

from app.clock import from_micros
from app.ids import DELIVERY
from app.publishing.rows import EventRow
from app.statuses import Scope
from graph import listings
from graph.arguments import After, Before, First, Last, OfDeliveries, given
from graph.context import Info
from graph.listings import ListedEvent
from graph.pagination import Children, Page, window
from graph.types.connection import Connection
from graph.types.delivery import DeliveryConnection
from graph.types.node import Node

# Receivers that read a feed see its events, and nothing of other webhooks.
_MORE_THAN_FEEDS = (Scope.READ, Scope.PUBLISH, Scope.MANAGE)


@strawberry.type(description="Something that happened, published once.")
class Event(Node):
    type: str = strawberry.field(description="Name of the event type.")
    occurred_at: datetime = strawberry.field(
        description="Time at which the event happened, according to its publisher."
    )
    created_at: datetime = strawberry.field(description="Time at which the event was published.")
    test: bool = strawberry.field(description="Whether this is a test event, created by a ping rather than published.")
    idempotency_key: str | None = strawberry.field(
        description="The publisher's idempotency key: publishing with the same key again returns this event."
    )
    ordering_key: str | None = strawberry.field(
        description="Ordering key: deliveries of one webhook with the same key are sent one after another, in the"
        " order published."
    )
    known_body: strawberry.Private[str | None] = None

    @classmethod
    def from_row(cls, row: EventRow | ListedEvent) -> "Event":
        return cls(
            id=strawberry.ID(row.id),
            type=row.type,
            occurred_at=from_micros(row.occurred_at),
            created_at=from_micros(row.created_at),
            test=bool(row.test),
            idempotency_key=row.idempotency_key,
            ordering_key=row.ordering_key,
            known_body=row.body if isinstance(row, EventRow) else None,
        )

    async def _body(self, info: Info) -> str:
        return self.known_body or await info.context.loaders.event_body(self.id)

    @strawberry.field(description="The exact text that is signed and sent as the request body.")
    async def body(self, info: Info) -> str:
        return await self._body(info)

    @strawberry.field(description="The `data` of the payload.")
    async def data(self, info: Info) -> JSON:
        data: JSON = orjson.loads(await self._body(info))["data"]
        return data

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
        deliveries = listings.deliveries(info.context.caller.workspace_id, given(filter), of_one=True)
        page = await info.context.loaders.pages.load(Children(deliveries, asked, "event_id", self.id))
        return DeliveryConnection.from_page(page)


@strawberry.type(description="A page of events, newest first.")
class EventConnection(Connection[Event]):
    @classmethod
    def from_page(cls, page: Page) -> "EventConnection":
        return cls(nodes=[Event.from_row(ListedEvent(**row)) for row in page.rows], page=page)
