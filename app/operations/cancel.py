"""Stops an operation: finished work stays, the rest is left unchanged."""

from typing import Any

from app.access import audit
from app.access.caller import Caller
from app.clock import to_micros
from app.database.database import Statements
from app.errors import UserErrorCode, not_found, rejected
from app.ids import OPERATION, is_id
from app.models import Operation
from app.operations.begin import announce
from app.operations.kept import ERASE_DATA, kept_of
from app.services import Services
from app.statuses import OperationStatus, Scope

# A process that works on a batch now finds that it no longer holds the operation, and rolls the batch back.
_CANCEL = """
UPDATE operation SET status = 'CANCELED', claimed_by = NULL, completed_at = $3
WHERE id = $1 AND workspace_id = $2 AND status = 'RUNNING' RETURNING id
"""


async def cancel_operation(services: Services, caller: Caller, operation_id: str) -> Operation:
    """Stop an operation after its last complete batch. Canceling it twice is no error.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND; CONFLICT if it has completed or failed.
    """
    caller.require(Scope.MANAGE)
    at = services.clock.now()
    async with services.database.transaction() as statements:
        await _find(statements, caller, operation_id)
        changed = await statements.fetch(_CANCEL, operation_id, caller.workspace_id, to_micros(at))
        operation = await _find(statements, caller, operation_id)
        if changed:
            changes: dict[str, Any] = {"status": [OperationStatus.RUNNING, OperationStatus.CANCELED]}
            operation.request = kept_of(operation.kind, operation.request)
            await operation.save(using_db=statements.orm, update_fields=["request"])
            if operation.kind == ERASE_DATA:
                changes["erased"] = [None, operation.request["erased"]]
            await audit.record(statements, caller, "operation.canceled", operation_id, changes, at)
    if operation.status is not OperationStatus.CANCELED:
        message = f"The operation {operation_id} is {operation.status} already; only running ones can be canceled."
        raise rejected(UserErrorCode.CONFLICT, message, "id")
    if changed:
        announce(services, caller.workspace_id, operation_id, operation.status)
    return operation


async def _find(statements: Statements, caller: Caller, operation_id: str) -> Operation:
    query = Operation.filter(id=operation_id, workspace_id=caller.workspace_id).using_db(statements.orm)
    operation = await query.first() if is_id(OPERATION, operation_id) else None
    if operation is None or not caller.narrowing.sees_operation(operation.narrowing):
        raise not_found("operation", operation_id)
    return operation
