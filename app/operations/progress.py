"""Values exchanged between an operation's row and the work on one of its batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.statuses import DeliveryStatus, OperationStatus
from app.updates.update import DeliveryRef

# Small enough that a batch takes milliseconds and its locks hold up nobody; big enough that the commit costs little.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Task:
    """An operation as its row has it: the request, and the ID of the last row that was looked at."""

    workspace_id: str
    request: Mapping[str, Any]
    position: str | None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """Result of a batch.

    Args:
        position: ID of the last row looked at, which may have needed no change.
        deliveries: those that were changed, all of them to `became`.
        done: how many rows count as done, if not those deliveries.
        request: replaces the operation's request.
        status: COMPLETED if nothing is left, FAILED if the operation cannot continue.
    """

    position: str | None
    deliveries: Sequence[DeliveryRef] = ()
    became: DeliveryStatus = DeliveryStatus.PENDING
    status: OperationStatus = OperationStatus.RUNNING
    done: int | None = None
    request: Mapping[str, Any] | None = None
