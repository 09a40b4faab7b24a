"""Attempts: the HTTP requests of a delivery, and their responses."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import orjson
import strawberry

from app.clock import from_micros
from app.database.database import Row
from app.sender.answered import failure_sentence
from app.webhooks.urls import shown_url
from graph.context import Info
from graph.enums import AttemptOutcome, AttemptTrigger, HttpMethod
from graph.pagination import Page
from graph.types.attempt_timing import AttemptTiming
from graph.types.connection import Connection
from graph.types.header import Header
from graph.types.node import Node

if TYPE_CHECKING:
    from graph.types.delivery import Delivery


@strawberry.type(description="The HTTP request of an attempt, with credentials masked.")
class AttemptRequest:
    method: HttpMethod = strawberry.field(description="HTTP method.")
    url: str = strawberry.field(description="URL that the request was sent to.")
    headers: list[Header] = strawberry.field(description="Request headers, in the order sent.")
    # If not at hand, it is the event's body, loaded only if the client selects it.
    text: strawberry.Private[str | None] = None
    delivery_id: strawberry.Private[str] = ""

    @strawberry.field(description="Request body, which is the body of the event.")
    async def body(self, info: Info) -> str:
        if self.text is not None:
            return self.text
        loaders = info.context.loaders
        delivery = await loaders.deliveries.load(self.delivery_id)
        assert delivery is not None
        return await loaders.event_body(delivery.event_id)


@strawberry.type(description="The HTTP response to an attempt.")
class AttemptResponse:
    status: int = strawberry.field(description="HTTP status code.")
    headers: list[Header] = strawberry.field(description="Response headers, in the order received.")
    truncated: bool = strawberry.field(description="Whether the response body was longer than the part that is stored.")
    # If not at hand, it is loaded only if the client selects it.
    text: strawberry.Private[str | None] = None
    attempt_id: strawberry.Private[str] = ""

    @strawberry.field(description="Beginning of the response body, decoded as UTF-8.")
    async def body(self, info: Info) -> str:
        if self.text is not None:
            return self.text
        return await info.context.loaders.response_bodies.load(self.attempt_id) or ""


@strawberry.type(description="One HTTP request of a delivery, and its outcome.")
class Attempt(Node):
    number: int = strawberry.field(description="Number of the attempt within its delivery, starting at 1.")
    trigger: AttemptTrigger = strawberry.field(description="Reason the attempt was made.")
    started_at: datetime = strawberry.field(description="Time at which the attempt started.")
    duration_ms: float = strawberry.field(description="Duration of the attempt from start to end, in milliseconds.")
    outcome: AttemptOutcome = strawberry.field(description="Outcome of the attempt.")
    error: str | None = strawberry.field(
        description="Description of the failure, as a sentence; null if the attempt succeeded."
    )
    remote_address: str | None = strawberry.field(
        description="IP address that the attempt connected to; null if it did not connect."
    )
    sent_again: bool = strawberry.field(
        description="Whether the request was sent a second time, on a new connection, because a connection kept from an"
        " earlier request ended before any response."
    )
    row: strawberry.Private[Row]

    @classmethod
    def from_row(cls, row: Row) -> "Attempt":
        return cls(
            id=row["id"],
            number=row["number"],
            trigger=AttemptTrigger(row["trigger"]),
            started_at=from_micros(row["started_at"]),
            duration_ms=row["duration_us"] / 1000,
            outcome=AttemptOutcome(row["outcome"]),
            error=failure_sentence(AttemptOutcome(row["outcome"]), row["error"], row["response_status"]),
            remote_address=row["remote_address"],
            sent_again=bool(row["sent_again"]),
            row=row,
        )

    @strawberry.field(description="The delivery that the attempt belongs to.")
    async def delivery(self, info: Info) -> Annotated["Delivery", strawberry.lazy("graph.types.delivery")]:
        delivery = await info.context.loaders.deliveries.load(self.row["delivery_id"])
        assert delivery is not None  # attempts are kept no longer than their delivery
        return delivery

    @strawberry.field(description="Durations of the parts of the attempt.")
    def timing(self) -> AttemptTiming:
        return AttemptTiming.from_row(self.row)

    @strawberry.field(description="The request that was sent.")
    def request(self) -> AttemptRequest:
        return AttemptRequest(
            method=HttpMethod(self.row["request_method"]),
            url=shown_url(self.row["request_url"]),
            headers=Header.all(orjson.loads(self.row["request_headers"])),
            delivery_id=self.row["delivery_id"],
        )

    @strawberry.field(description="The response that was received; null if there was none.")
    def response(self) -> AttemptResponse | None:
        if self.row["response_status"] is None:
            return None
        return AttemptResponse(
            status=self.row["response_status"],
            headers=Header.all(orjson.loads(self.row["response_headers"] or "[]")),
            truncated=bool(self.row["response_truncated"]),
            attempt_id=self.id,
        )


@strawberry.type(description="A page of attempts.")
class AttemptConnection(Connection[Attempt]):
    @classmethod
    def from_page(cls, page: Page) -> "AttemptConnection":
        return cls(nodes=[Attempt.from_row(row) for row in page.rows], page=page)
