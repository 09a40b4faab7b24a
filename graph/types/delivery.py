"""Deliveries of events to webhooks."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from app.clock import from_micros
from app.database.database import Row
from app.ids import ATTEMPT
from app.statuses import Scope
from graph import listings
from graph.arguments import After, Before, First, Last, given
from graph.context import Info
from graph.enums import AttemptOutcome, DeliveryStatus
from graph.pagination import Children, Page, window
from graph.types.attempt import AttemptConnection
from graph.types.connection import Connection
from graph.types.node import Node

if TYPE_CHECKING:
    from graph.types.event import Event
    from graph.types.webhook import Webhook

# A caller with only PUBLISH sees its event and the status of its deliveries, but no webhooks: a publisher's key is in
# many programs, and from a webhook all of its other deliveries could be reached.
_MORE_THAN_PUBLISHING = (Scope.READ, Scope.MANAGE)


@strawberry.type(description="The delivery of one event to one webhook.")
class Delivery(Node):
    status: DeliveryStatus = strawberry.field(description="Status of the delivery.")
    attempt_count: int = strawberry.field(description="Number of attempts made so far.")
    next_attempt_at: datetime | None = strawberry.field(
        description="Time at which the next attempt is due; null if none is scheduled."
    )
    last_outcome: AttemptOutcome | None = strawberry.field(
        description="Outcome of the last attempt; null if there was none."
    )
    last_response_status: int | None = strawberry.field(
        description="HTTP status of the response to the last attempt; null if there was none."
    )
    created_at: datetime = strawberry.field(description="Time of creation.")
    completed_at: datetime | None = strawberry.field(
        description="Time at which the delivery succeeded, failed or was canceled; null if it is still open."
    )
    sequence: int | None = strawberry.field(
        description="Place of the delivery among those of its webhook: 1, 2, … without gaps, in the order in which"
        " events were committed. Every attempt sends it as `webhook-sequence`. Null for tests."
    )
    event_id: strawberry.Private[str]
    webhook_id: strawberry.Private[str]

    @classmethod
    def from_row(cls, row: Row) -> "Delivery":
        return cls(
            id=row["id"],
            status=DeliveryStatus(row["status"]),
            attempt_count=row["attempt_count"],
            next_attempt_at=None if row["next_attempt_at"] is None else from_micros(row["next_attempt_at"]),
            last_outcome=None if row["last_outcome"] is None else AttemptOutcome(row["last_outcome"]),
            last_response_status=row["last_response_status"],
            created_at=from_micros(row["created_at"]),
            completed_at=None if row["completed_at"] is None else from_micros(row["completed_at"]),
            sequence=row["sequence"],
            event_id=row["event_id"],
            webhook_id=row["webhook_id"],
        )

    @strawberry.field(description="The event that is delivered.")
    async def event(self, info: Info) -> Annotated["Event", strawberry.lazy("graph.types.event")]:
        event = await info.context.loaders.events.load(self.event_id)
        assert event is not None  # both are written in one transaction
        return event

    @strawberry.field(
        description="The webhook that receives the event. A deleted webhook has the status DISABLED. Needs READ or"
        " MANAGE."
    )
    async def webhook(self, info: Info) -> Annotated["Webhook", strawberry.lazy("graph.types.webhook")]:
        info.context.caller.require(*_MORE_THAN_PUBLISHING)
        webhook = await info.context.loaders.webhooks.load(self.webhook_id)
        assert webhook is not None  # rows of webhooks stay
        return webhook

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
        page = await info.context.loaders.pages.load(Children(attempts, asked, "delivery_id", self.id))
        return AttemptConnection.from_page(page)


@strawberry.type(description="A page of deliveries.")
class DeliveryConnection(Connection[Delivery]):
    @classmethod
    def from_page(cls, page: Page) -> "DeliveryConnection":
        return cls(nodes=[Delivery.from_row(row) for row in page.rows], page=page)
