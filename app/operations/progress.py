"""What passes between an operation's row and the work on one of its batches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.statuses import DeliveryStatus, OperationStatus
from app.updates.update import DeliveryRef

# Small enough that a batch takes milliseconds and its locks hold up nobody, big enough that its commit weighs little.
BATCH = 500


@dataclass(frozen=True, slots=True)
class Task:
    """An operation as its row has it: what is asked for, and the id of the last row that was looked at."""

    workspace_id: str
    request: Mapping[str, Any]
    position: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """What a batch came to.

    Args:
        position: the id of the last row looked at; it may be one that needed nothing.
        deliveries: those that were changed, all of them to `became`.
        status: COMPLETED where nothing is left, FAILED where going on makes no sense.
    """

    position: str | None
    deliveries: Sequence[DeliveryRef] = ()
    became: DeliveryStatus = DeliveryStatus.PENDING
    status: OperationStatus = OperationStatus.RUNNING
