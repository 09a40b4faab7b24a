"""The plain fields of deliveries; `graph.types.records` has those that lead to other records."""

from datetime import datetime
from typing import Self

import strawberry

from app.clock import from_micros
from graph.enums import AttemptOutcome, DeliveryStatus
from graph.rows import StoredDelivery, if_found
from graph.types.node import Node


@strawberry.type
class DeliveryFields(Node):
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
    def from_row(cls, row: StoredDelivery) -> Self:
        return cls(
            id=strawberry.ID(row.id),
            status=DeliveryStatus(row.status),
            attempt_count=row.attempt_count,
            next_attempt_at=if_found(from_micros, row.next_attempt_at),
            last_outcome=if_found(AttemptOutcome, row.last_outcome),
            last_response_status=row.last_response_status,
            created_at=from_micros(row.created_at),
            completed_at=if_found(from_micros, row.completed_at),
            sequence=row.sequence,
            event_id=row.event_id,
            webhook_id=row.webhook_id,
        )
