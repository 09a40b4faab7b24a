"""Finds problems and acknowledges them: a person knows of a problem and looks into it."""

from typing import NamedTuple

from app.access import audit
from app.access.caller import Caller
from app.database.database import Statements
from app.errors import UserErrorCode, not_found, rejected
from app.ids import PROBLEM, is_id
from app.services import Services
from app.statuses import ProblemStatus, Scope
from app.webhooks.change import announce, find_webhook, require_covered

_ACKNOWLEDGE = "UPDATE problem SET status = 'ACKNOWLEDGED' WHERE id = $1 AND status = 'OPEN' RETURNING id"


class FoundProblem(NamedTuple):
    """A problem, as far as changes need to know it."""

    webhook_id: str
    status: ProblemStatus


async def find_problem(statements: Statements, caller: Caller, problem_id: str, *path: str) -> FoundProblem:
    """A problem of the caller's workspace.

    Raises:
        Rejected: NOT_FOUND.
    """
    seen, values = caller.narrowing.and_sql("problem", after=2)
    find = f"SELECT webhook_id, status FROM problem WHERE id = $1 AND workspace_id = $2{seen}"
    known = is_id(PROBLEM, problem_id)
    row = await statements.fetch_one(find, problem_id, caller.workspace_id, *values) if known else None
    if row is None:
        raise not_found("problem", problem_id, *path)
    return FoundProblem(row["webhook_id"], ProblemStatus(row["status"]))


async def acknowledge_problem(services: Services, caller: Caller, problem_id: str) -> None:
    """Note that a person knows of an open problem. Acknowledging it twice is no error.

    Raises:
        Forbidden: the caller lacks MANAGE.
        Rejected: NOT_FOUND; CONFLICT if it is resolved, or if the caller's token does not cover its webhook's event
            types.
    """
    caller.require(Scope.MANAGE)
    at = services.clock.now()
    async with services.database.transaction() as statements:
        found = await find_problem(statements, caller, problem_id)
        require_covered(caller, await find_webhook(statements, caller, found.webhook_id))
        changed = await statements.fetch(_ACKNOWLEDGE, problem_id)
        # Read again: an attempt may have resolved it before this transaction got the row.
        found = await find_problem(statements, caller, problem_id)
        if changed:
            changes = {"status": [ProblemStatus.OPEN, ProblemStatus.ACKNOWLEDGED]}
            await audit.record(statements, caller, "problem.acknowledged", problem_id, changes, at)
    if found.status is ProblemStatus.RESOLVED:
        message = f"The problem {problem_id} is RESOLVED already; only open problems can be acknowledged."
        raise rejected(UserErrorCode.CONFLICT, message, "id")
    if changed:
        announce(services, caller.workspace_id, [found.webhook_id], at)
