"""Creates workspaces, and deletes them with everything in them. Both need INSTALLATION, which ADMIN does not include.

A deletion marks the workspace and ends what acts in it: its keys, webhooks and running operations. Its rows are removed
in the background (`app.retention.workspaces`).
"""

from dataclasses import dataclass
from datetime import datetime

from tortoise.exceptions import IntegrityError

from app.access import audit
from app.access.authentication import Authenticator
from app.access.caller import Caller
from app.access.keys import create_workspace
from app.clock import to_micros
from app.database.database import Row, Statements
from app.database.errors import UniqueViolation, in_own_words
from app.errors import Problem, Rejected, UserErrorCode, not_found, rejected
from app.ids import WORKSPACE, is_id
from app.models import Workspace
from app.services import Services
from app.statuses import Scope
from app.texts import MAX_NAME_CHARACTERS, one_line

_REVOKE_KEYS = "UPDATE api_key SET revoked_at = $2 WHERE workspace_id = $1 AND revoked_at IS NULL RETURNING id"
# Claims and publishers skip deleted webhooks; senders read a webhook again when its updated_at changes.
_DELETE_WEBHOOKS = """
UPDATE webhook SET deleted_at = $2, updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at + 1000 END,
  next_secret_rotation_at = NULL, registry_version = NULL
WHERE workspace_id = $1 AND deleted_at IS NULL
"""
_CANCEL_OPERATIONS = """
UPDATE operation SET status = 'CANCELED', claimed_by = NULL, completed_at = $2
WHERE workspace_id = $1 AND status = 'RUNNING'
"""
_DELETE = """
UPDATE workspace SET deleted_at = $2, registry_version = registry_version + 1
WHERE id = $1 AND deleted_at IS NULL RETURNING name
"""


@dataclass(frozen=True, slots=True)
class AddedWorkspace:
    """A workspace, and whether it was created or existed already under its external ID."""

    workspace: Workspace
    created: bool


def checked_names(name: str, external_id: str | None) -> tuple[str, str | None]:
    """The name and the external ID of a new workspace, without space around them.

    Raises:
        Rejected: the problems of both.
    """
    problems: list[Problem] = []
    name = one_line(problems, name, "The name", MAX_NAME_CHARACTERS, "name")
    if external_id is not None:
        external_id = one_line(problems, external_id, "The external ID", MAX_NAME_CHARACTERS, "externalId")
    if problems:
        raise Rejected(problems)
    return name, external_id


async def add_workspace(services: Services, caller: Caller, name: str, external_id: str | None) -> AddedWorkspace:
    """Create a workspace; safe to repeat with an external ID, which then returns the existing one unchanged.

    Raises:
        Forbidden: the caller lacks INSTALLATION.
        Rejected: problems of name and external ID.
    """
    caller.require(Scope.INSTALLATION)
    name, external_id = checked_names(name, external_id)
    if (found := await _with_external_id(services, external_id)) is not None:
        return AddedWorkspace(found, created=False)
    at = services.clock.now()
    try:
        async with services.database.transaction() as statements:
            workspace = await create_workspace(statements, name, at, external_id)
            changes = {"name": [None, name], "externalId": [None, external_id]}
            await audit.record(statements, caller, "workspace.created", workspace.id, changes, at)
    except (IntegrityError, UniqueViolation) as error:
        # Another request created it meanwhile.
        found = await _with_external_id(services, external_id)
        if found is None or not isinstance(in_own_words(error), UniqueViolation):
            raise
        return AddedWorkspace(found, created=False)
    return AddedWorkspace(workspace, created=True)


async def delete_workspace(services: Services, authenticator: Authenticator, caller: Caller, workspace_id: str) -> str:
    """Delete a workspace: within a second, its keys and their tokens end and nothing more is delivered in it.

    Returns:
        Its ID.

    Raises:
        Forbidden: the caller lacks INSTALLATION.
        Rejected: NOT_FOUND; CONFLICT for the caller's own workspace, so that one with INSTALLATION always remains.
    """
    caller.require(Scope.INSTALLATION)
    if workspace_id == caller.workspace_id:
        message = "This is the workspace of the key in use; delete it with a key of another workspace."
        raise rejected(UserErrorCode.CONFLICT, message, "id")
    at = services.clock.now()
    async with services.database.transaction() as statements:
        row = await _delete(statements, workspace_id, at) if is_id(WORKSPACE, workspace_id) else None
        if row is None:
            raise not_found("workspace", workspace_id, within="installation")
        revoked = await statements.fetch(_REVOKE_KEYS, workspace_id, to_micros(at))
        await audit.record(statements, caller, "workspace.deleted", workspace_id, {"name": [row["name"], None]}, at)
    for key in revoked:
        authenticator.keys.forget(key["id"])
    authenticator.workspaces.forget(workspace_id)
    return workspace_id


async def _delete(statements: Statements, workspace_id: str, at: datetime) -> Row | None:
    # Webhooks before their workspace, in the order of every change of a webhook, so that transactions cannot deadlock.
    await statements.execute(_DELETE_WEBHOOKS, workspace_id, to_micros(at))
    await statements.execute(_CANCEL_OPERATIONS, workspace_id, to_micros(at))
    return await statements.fetch_one(_DELETE, workspace_id, to_micros(at))


async def _with_external_id(services: Services, external_id: str | None) -> Workspace | None:
    if external_id is None:
        return None
    return await Workspace.filter(external_id=external_id, deleted_at=None).using_db(services.database.orm).first()
