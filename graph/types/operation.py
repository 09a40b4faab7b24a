"""Background operations."""

from datetime import datetime

import strawberry

from app.models import Operation as OperationModel
from graph.enums import OperationStatus
from graph.types.node import Node


@strawberry.type(description="A background operation on many deliveries or events. It survives restarts.")
class Operation(Node):
    kind: str = strawberry.field(description="Name of the mutation that started the operation, e.g. retryDeliveries.")
    status: OperationStatus = strawberry.field(description="Status of the operation.")
    matched: int = strawberry.field(
        description="Number of deliveries or events that matched when the operation started."
    )
    done: int = strawberry.field(description="Number of deliveries that the operation has changed or created so far.")
    created_at: datetime = strawberry.field(description="Time at which the operation was created.")
    completed_at: datetime | None = strawberry.field(
        description="Time at which the operation ended; null if it is still running."
    )

    @classmethod
    def from_model(cls, operation: OperationModel) -> "Operation":
        return cls(
            id=strawberry.ID(operation.id),
            kind=operation.kind,
            status=operation.status,
            matched=operation.matched,
            done=operation.done,
            created_at=operation.created_at,
            completed_at=operation.completed_at,
        )
