"""Work over many rows that goes on in the background."""

from datetime import datetime

import strawberry

from app.models import Operation as OperationModel
from graph.enums import OperationStatus
from graph.types.node import Node


@strawberry.type(description="Work over many rows that goes on in the background and survives a restart.")
class Operation(Node):
    kind: str = strawberry.field(description="Which mutation began it, e.g. retryDeliveries.")
    status: OperationStatus = strawberry.field(description="How far it has come.")
    matched: int = strawberry.field(description="How many rows it was to work on when it began.")
    done: int = strawberry.field(description="How many of them it has changed.")
    created_at: datetime = strawberry.field(description="When it was begun.")
    completed_at: datetime | None = strawberry.field(description="When it ended.")

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
