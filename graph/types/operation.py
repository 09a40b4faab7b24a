"""Background operations."""

from datetime import datetime

import strawberry

from app.access.actor import Actor as DomainActor
from app.models import Operation as OperationModel
from graph.enums import OperationKind, OperationStatus
from graph.types.actor import Actor
from graph.types.connection import Connection
from graph.types.node import Node

# By the name of the mutation that starts it.
_KIND_CODES = {
    "retryDeliveries": OperationKind.RETRY_DELIVERIES,
    "cancelDeliveries": OperationKind.CANCEL_DELIVERIES,
    "replayEvents": OperationKind.REPLAY_EVENTS,
    "eraseData": OperationKind.ERASE_DATA,
}


@strawberry.type(description="A background operation on many deliveries or events. It survives restarts.")
class Operation(Node):
    kind: str = strawberry.field(description="Name of the mutation that started the operation, e.g. retryDeliveries.")
    kind_code: OperationKind = strawberry.field(description="Kind of the operation.")
    created_by: Actor = strawberry.field(description="Who started the operation.")
    status: OperationStatus = strawberry.field(description="Status of the operation.")
    matched: int = strawberry.field(
        description="Number of deliveries or events that matched when the operation started."
    )
    done: int = strawberry.field(
        description="Number of deliveries that the operation has changed or created so far, or of events it has erased."
    )
    created_at: datetime = strawberry.field(description="Time at which the operation was created.")
    completed_at: datetime | None = strawberry.field(
        description="Time at which the operation ended; null if it is still running."
    )

    @classmethod
    def from_model(cls, operation: OperationModel) -> "Operation":
        return cls(
            id=strawberry.ID(operation.id),
            kind=operation.kind,
            kind_code=_KIND_CODES[operation.kind],
            created_by=Actor.of(DomainActor.of_row(operation.actor_kind, operation.actor_id, operation.actor_name)),
            status=operation.status,
            matched=operation.matched,
            done=operation.done,
            created_at=operation.created_at,
            completed_at=operation.completed_at,
        )


@strawberry.type(description="A page of operations, newest first.")
class OperationConnection(Connection[Operation]):
    pass
