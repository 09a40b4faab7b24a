"""The plain fields of events; `graph.types.records` has those that lead to other records."""

from datetime import datetime
from typing import Self

import orjson
import strawberry
from strawberry.scalars import JSON

from app.clock import from_micros
from app.feed import FeedEvent
from app.publishing.rows import EventRow
from app.trace_context import unpacked
from graph.context import Info
from graph.rows import StoredEvent
from graph.types.node import Node


@strawberry.type
class EventFields(Node):
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
    erased_at: datetime | None = strawberry.field(
        description="Time at which the data was erased, by `eraseData` or as `keepBodies` of its type says; null if it"
        " was not. An erased event has an empty `data`, and is not sent."
    )
    traceparent: str | None = strawberry.field(
        description="Trace that the event was published in, as a W3C `traceparent`: that of the request which published"
        " it, or of the server's span of it, if the server exports traces. Null if there is none."
    )
    known_body: strawberry.Private[str | None] = None

    @classmethod
    def from_row(cls, row: EventRow | FeedEvent | StoredEvent) -> Self:
        return cls(
            id=strawberry.ID(row.id),
            type=row.type,
            occurred_at=from_micros(row.occurred_at),
            created_at=from_micros(row.created_at),
            test=bool(row.test),
            idempotency_key=row.idempotency_key,
            ordering_key=row.ordering_key,
            erased_at=None if isinstance(row, EventRow) or row.erased_at is None else from_micros(row.erased_at),
            traceparent=None if row.trace is None else unpacked(row.trace).traceparent,
            known_body=None if isinstance(row, StoredEvent) else row.body,
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
