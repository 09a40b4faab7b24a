"""The plain fields of attempts, their requests and responses; `graph.types.records` has those that lead to other
records."""

from datetime import datetime
from typing import Self

import orjson
import strawberry

from app.clock import from_micros
from app.delivery.erased import NO_HEADERS
from app.delivery.stored_answer import shown_body
from app.sender.answered import failure_sentence
from app.webhooks.urls import shown_url
from graph.context import Info
from graph.enums import AttemptOutcome, AttemptTrigger, HttpMethod
from graph.rows import StoredAttempt
from graph.types.attempt_timing import AttemptTiming
from graph.types.header import Header
from graph.types.node import Node


@strawberry.type(description="The HTTP request of an attempt, with credentials masked.")
class AttemptRequest:
    method: HttpMethod = strawberry.field(description="HTTP method.")
    url: str = strawberry.field(description="URL that the request was sent to.")
    headers: list[Header] = strawberry.field(description="Request headers, in the order sent.")
    # If not loaded, it is the event's body, which is read only if the client selects it.
    text: strawberry.Private[str | None] = None
    delivery_id: strawberry.Private[str] = ""

    @strawberry.field(description="Request body: the body of the event, masked as `redact` of its type says.")
    async def body(self, info: Info) -> str:
        if self.text is not None:
            return self.text
        loaders = info.context.loaders
        delivery = await loaders.deliveries.load(self.delivery_id)
        assert delivery is not None
        keeping = await loaders.keeping.load(delivery.event_type)
        return shown_body(await loaders.event_body(delivery.event_id), keeping)


@strawberry.type(description="The HTTP response to an attempt.")
class AttemptResponse:
    status: int = strawberry.field(description="HTTP status code.")
    headers: list[Header] = strawberry.field(description="Response headers, in the order received.")
    truncated: bool = strawberry.field(description="Whether the response body was longer than the part that is stored.")
    stored: bool = strawberry.field(
        description="Whether headers and body are stored. They are not if they were erased, if `keepBodies` of the"
        " event type excludes them, or if the response did not arrive completely."
    )
    # If not loaded, it is read only if the client selects it.
    text: strawberry.Private[str | None] = None
    attempt_id: strawberry.Private[str] = ""

    @strawberry.field(description="Beginning of the response body, decoded as UTF-8.")
    async def body(self, info: Info) -> str:
        if self.text is not None:
            return self.text
        found = await info.context.loaders.response_bodies.load(self.attempt_id)
        return (found and found.response_body) or ""


@strawberry.type
class AttemptFields(Node):
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
    row: strawberry.Private[StoredAttempt]

    @classmethod
    def from_row(cls, row: StoredAttempt) -> Self:
        return cls(
            id=strawberry.ID(row.id),
            number=row.number,
            trigger=AttemptTrigger(row.trigger),
            started_at=from_micros(row.started_at),
            duration_ms=row.duration_us / 1000,
            outcome=AttemptOutcome(row.outcome),
            error=failure_sentence(AttemptOutcome(row.outcome), row.error, row.response_status),
            remote_address=row.remote_address,
            sent_again=bool(row.sent_again),
            row=row,
        )

    @strawberry.field(description="Durations of the parts of the attempt.")
    def timing(self) -> AttemptTiming:
        return AttemptTiming.from_row(self.row)

    @strawberry.field(description="The request that was sent.")
    def request(self) -> AttemptRequest:
        return AttemptRequest(
            method=HttpMethod(self.row.request_method),
            url=shown_url(self.row.request_url),
            headers=Header.all(orjson.loads(self.row.request_headers)),
            delivery_id=self.row.delivery_id,
        )

    @strawberry.field(description="The response that was received; null if there was none.")
    def response(self) -> AttemptResponse | None:
        if self.row.response_status is None:
            return None
        return AttemptResponse(
            status=self.row.response_status,
            headers=Header.all(orjson.loads(self.row.response_headers or "[]")),
            truncated=bool(self.row.response_truncated),
            stored=self.row.response_headers not in (None, NO_HEADERS),
            attempt_id=self.id,
        )
