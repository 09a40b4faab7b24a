"""Begins an operation: counts what there is to do, and writes the operation's row."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.access import audit
from app.access.caller import Caller
from app.clock import to_micros
from app.database.database import Database, Statements
from app.errors import UserErrorCode, rejected
from app.ids import OPERATION, new_id
from app.models import Operation
from app.operations.kept import kept_of
from app.operations.selection import MAX_MATCHED
from app.services import Services
from app.statuses import OperationStatus
from app.updates.update import Topic, operation_changed

# Operations take turns; more of them would only make each slower.
MAX_RUNNING = 10


@dataclass(frozen=True, slots=True)
class Matched:
    """Number of rows to process, and the operation that does it; None if only the number was asked for."""

    matched: int
    operation: Operation | None


async def begin(
    services: Services,
    caller: Caller,
    kind: str,
    request: Mapping[str, Any],
    matched: int,
) -> Operation:
    """Write an operation, which a worker begins within about a second.

    Args:
        request: what is asked for, as JSON and with the names of the API.

    Raises:
        Rejected: TOO_MANY operations are running.
    """
    at = services.clock.now()
    operation = Operation(
        id=new_id(OPERATION, at),
        workspace_id=caller.workspace_id,
        kind=kind,
        status=OperationStatus.RUNNING,
        request=dict(request),
        matched=matched,
        actor_kind=caller.actor.kind,
        actor_id=caller.actor.id,
        actor_name=caller.actor.name,
        narrowing=caller.narrowing.text,
        created_at=at,
    )
    async with services.database.transaction() as statements:
        await _require_room(statements, caller.workspace_id)
        await operation.save(using_db=statements.orm, force_create=True)
        changes = {"kind": [None, kind], "request": [None, kept_of(kind, request)], "matched": [None, matched]}
        await audit.record(statements, caller, "operation.started", operation.id, changes, at)
    announce(services, caller.workspace_id, operation.id, operation.status)
    return operation


def announce(services: Services, workspace_id: str, operation_id: str, status: str) -> None:
    """Announce an operation's progress to followers."""
    at = to_micros(services.clock.now())
    services.updates.announce(Topic.OPERATIONS, [operation_changed(workspace_id, operation_id, at, status)])


def require_few(matched: int, what: str, *path: str) -> None:
    """Check that one operation can process this many rows.

    Raises:
        Rejected: TOO_MANY.
    """
    if matched > MAX_MATCHED:
        message = f"More than {MAX_MATCHED} {what} match; narrow down the time, and do it in several parts."
        raise rejected(UserErrorCode.TOO_MANY, message, *path)


async def _require_room(statements: Statements, workspace_id: str) -> None:
    row = await statements.fetch_one(
        "SELECT count(*) AS running FROM operation WHERE workspace_id = $1 AND status = 'RUNNING'", workspace_id
    )
    if row is not None and row["running"] >= MAX_RUNNING:
        message = f"{row['running']} operations are under way; at most {MAX_RUNNING} may be. Wait for one to end."
        raise rejected(UserErrorCode.TOO_MANY, message)


async def end_of_rows(database: Database, table: str, prefix: str, workspace_id: str, now: datetime) -> str:
    """An upper bound for the IDs of all existing rows, which excludes rows made from now on.

    Rows from a server with a clock that is slightly ahead have IDs above one that is made here now.
    """
    row = await database.fetch_one(f"SELECT max(id) AS last_id FROM {table} WHERE workspace_id = $1", workspace_id)
    last = row and row["last_id"]
    return max(new_id(prefix, now), f"{last}0" if last else "")
