"""Attempts: one HTTP request of a delivery each, and what came back."""

from datetime import datetime

import orjson
import strawberry

from app.clock import from_micros
from app.database.database import Row
from graph.context import Info
from graph.enums import AttemptOutcome, AttemptTrigger, HttpMethod
from graph.pagination import Page
from graph.types.connection import Connection
from graph.types.header import Header
from graph.types.node import Node


@strawberry.type(description="The request of an attempt, with credentials masked.")
class AttemptRequest:
    method: HttpMethod = strawberry.field(description="Its method.")
    url: str = strawberry.field(description="Where it went.")
    headers: list[Header] = strawberry.field(description="Its headers, in the order they were sent.")
    # Where it is not at hand, it is the event's, and is loaded only for who asks for it.
    text: strawberry.Private[str | None] = None
    delivery_id: strawberry.Private[str] = ""

    @strawberry.field(description="Its body: the event's.")
    async def body(self, info: Info) -> str:
        if self.text is not None:
            return self.text
        loaders = info.context.loaders
        delivery = await loaders.deliveries.load(self.delivery_id)
        assert delivery is not None
        return await loaders.event_body(delivery.event_id)


@strawberry.type(description="The answer to an attempt.")
class AttemptResponse:
    status: int = strawberry.field(description="Its HTTP status.")
    headers: list[Header] = strawberry.field(description="Its headers, in the order they came.")
    truncated: bool = strawberry.field(description="Whether the body was longer than what is kept.")
    # Where it is not at hand, it is loaded only for who asks for it.
    text: strawberry.Private[str | None] = None
    attempt_id: strawberry.Private[str] = ""

    @strawberry.field(description="The beginning of its body, read as UTF-8.")
    async def body(self, info: Info) -> str:
        if self.text is not None:
            return self.text
        return await info.context.loaders.response_bodies.load(self.attempt_id) or ""


@strawberry.type(description="One HTTP request of a delivery.")
class Attempt(Node):
    number: int = strawberry.field(description="1 for the first attempt of its delivery.")
    trigger: AttemptTrigger = strawberry.field(description="Why it was made.")
    started_at: datetime = strawberry.field(description="When it began.")
    duration_ms: float = strawberry.field(
        description="How long it took, in milliseconds, from its beginning to its end."
    )
    outcome: AttemptOutcome = strawberry.field(description="What became of it.")
    error: str | None = strawberry.field(description="What went wrong, as a sentence; null where it succeeded.")
    remote_address: str | None = strawberry.field(description="The address that it was connected to.")
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
            error=row["error"],
            remote_address=row["remote_address"],
            row=row,
        )

    @strawberry.field(description="What was sent.")
    def request(self) -> AttemptRequest:
        return AttemptRequest(
            method=HttpMethod(self.row["request_method"]),
            url=self.row["request_url"],
            headers=Header.all(orjson.loads(self.row["request_headers"])),
            delivery_id=self.row["delivery_id"],
        )

    @strawberry.field(description="What came back; null where nothing did.")
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
