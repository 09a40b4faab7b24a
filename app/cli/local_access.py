"""Workspaces, API keys and audit logs in the database of the settings, for `eev-webhooks workspace …`, `key …` and
`audit …` on the host.

No running server is needed, so anyone who can read the settings can use these commands. The audit log shows their actor
as "command line". Returns what the API returns, with the names of the API.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.cli.failures import Refused
from app.statuses import Scope

if TYPE_CHECKING:
    from app.access.audit_chain import Head
    from app.access.caller import Caller
    from app.access.keys import KeyDraft
    from app.access.verify_audit import Verdict
    from app.database.database import Database
    from app.models import ApiKey, Workspace
    from app.resources import Resources


def database_named() -> str:
    """The database of the settings, as a person may read it: without a password."""
    from app.settings import load_settings

    url = load_settings().database_url
    parts = urlsplit(url)
    return f"the database {url.replace(f':{parts.password}@', ':••••@') if parts.password else url}"


async def create_workspace(name: str, external_id: str | None) -> dict[str, Any]:
    """Create a workspace with its first API key."""
    from app.access.keys import KeyDraft, create_key, create_workspace
    from app.access.workspaces import checked_names

    name, external_id = checked_names(name, external_id)
    async with _resources() as resources:
        if external_id is not None and (there := await _by_external_id(resources.database, external_id)):
            return {"workspace": _workspace_fields(there), "created": False}
        async with resources.database.transaction() as statements:
            is_first = await statements.fetch_one("SELECT id FROM workspace LIMIT 1") is None
            workspace = await create_workspace(statements, name, resources.clock.now(), external_id)
        # Only the first key of an installation may do more than what concerns its workspace.
        scopes = [scope for scope in Scope if is_first or scope is not Scope.INSTALLATION]
        created = await create_key(resources, _caller(workspace.id), KeyDraft("admin", scopes))
    return {
        "workspace": _workspace_fields(workspace),
        "created": True,
        "apiKey": {"id": created.api_key.id},
        "key": created.key,
    }


async def list_workspaces() -> list[dict[str, Any]]:
    """The workspaces, oldest first."""
    from app.models import Workspace

    async with _database() as database:
        found = await Workspace.filter(deleted_at=None).using_db(database.orm).order_by("id")
    return [_workspace_fields(workspace) for workspace in found]


async def delete_workspace(workspace_id: str) -> str:
    """Delete a workspace. The audit log of the oldest other one says so.

    Raises:
        Refused: it is the last one.
    """
    from app.access.workspaces import delete_workspace
    from app.models import Workspace

    async with _resources() as resources:
        others = Workspace.filter(deleted_at=None).exclude(id=workspace_id).using_db(resources.database.orm)
        other = await others.order_by("id").first()
        if other is None:
            raise Refused("This is the last workspace; create another one first.")
        return await delete_workspace(resources, resources.authenticator, _caller(other.id), workspace_id)


async def create_key(workspace_id: str | None, draft: "KeyDraft") -> dict[str, Any]:
    """Create an API key in a workspace, or in the only one."""
    from app.access.keys import create_key

    async with _resources() as resources:
        caller = _caller(await _chosen(resources.database, workspace_id))
        created = await create_key(resources, caller, draft)
    return {"apiKey": _key_fields(created.api_key), "key": created.key}


async def list_keys(workspace_id: str | None) -> list[dict[str, Any]]:
    """The API keys of a workspace, or of the only one, oldest first."""
    from app.models import ApiKey

    async with _database() as database:
        chosen = await _chosen(database, workspace_id)
        found = await ApiKey.filter(workspace_id=chosen).using_db(database.orm).order_by("id")
    return [_key_fields(key) for key in found]


async def revoke_key(key_id: str) -> dict[str, Any]:
    """Revoke an API key of any workspace."""
    from app.access.keys import revoke_key
    from app.errors import not_found
    from app.models import ApiKey

    async with _resources() as resources:
        api_key = await ApiKey.get_or_none(id=key_id, using_db=resources.database.orm)
        if api_key is None:
            raise not_found("API key", key_id)
        caller = _caller(api_key.workspace_id)
        return _key_fields(await revoke_key(resources, resources.authenticator.keys, caller, key_id))


async def verify_audit(workspace_id: str | None, noted: "Head | None") -> "Verdict":
    """Verify the audit log of a workspace, or of the only one."""
    from app.access.verify_audit import verify

    async with _database() as database:
        return await verify(database, await _chosen(database, workspace_id), noted)


async def _by_external_id(database: "Database", external_id: str) -> "Workspace | None":
    from app.models import Workspace

    return await Workspace.filter(external_id=external_id, deleted_at=None).using_db(database.orm).first()


async def _chosen(database: "Database", workspace_id: str | None) -> str:
    """ID of the given workspace, or of the only one."""
    from app.models import Workspace

    found = await Workspace.filter(deleted_at=None).using_db(database.orm).order_by("id")
    chosen = [workspace.id for workspace in found if workspace_id in {None, workspace.id}]
    if len(chosen) == 1:
        return chosen[0]
    if not found:
        raise Refused("There is no workspace yet; `eev-webhooks workspace create NAME` makes one, and a key for it.")
    there_are = ", ".join(f"{workspace.id} ({workspace.name})" for workspace in found)
    if workspace_id is None:
        raise Refused(f"There are several workspaces; name one with --workspace: {there_are}.")
    raise Refused(f"No workspace has the id {workspace_id}; there are {there_are}.")


@asynccontextmanager
async def _resources() -> "AsyncIterator[Resources]":
    """Resources for the domain's functions. Nothing is delivered or followed here, so no Redis is needed."""
    from app.logs import configure_logging
    from app.resources import open_resources
    from app.settings import load_settings

    settings = load_settings(broker_url="memory://", updates_url="memory://")
    configure_logging(settings)
    _require_file(settings.database_url)
    async with open_resources(settings, send_wake_up=lambda _: None) as resources:
        yield resources


@asynccontextmanager
async def _database() -> "AsyncIterator[Database]":
    from app.database.database import Database
    from app.database.migrate import require_current_schema
    from app.settings import load_settings

    url = load_settings().database_url
    _require_file(url)
    async with Database(url, pool_size=2) as database:
        await require_current_schema(database)
        yield database


def _require_file(database_url: str) -> None:
    """Refuse if the SQLite file does not exist, because opening it would create it."""
    file = database_url.removeprefix("sqlite://")
    if database_url.startswith("sqlite://") and not Path(file).exists():
        raise Refused(f"There is no database at {file} yet; `eev-webhooks migrate` makes one, and `serve` does too.")


def _caller(workspace_id: str) -> "Caller":
    from app.access.actor import COMMAND_LINE
    from app.access.caller import Caller

    return Caller(workspace_id=workspace_id, actor=COMMAND_LINE, scopes=frozenset(Scope))


def _workspace_fields(workspace: "Workspace") -> dict[str, Any]:
    return {
        "id": workspace.id,
        "name": workspace.name,
        "externalId": workspace.external_id,
        "createdAt": _time(workspace.created_at),
    }


def _key_fields(key: "ApiKey") -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "scopes": key.scopes,
        "allowedSources": key.allowed_sources,
        "createdAt": _time(key.created_at),
        "expiresAt": _time(key.expires_at),
        "lastUsedAt": _time(key.last_used_at),
        "revokedAt": _time(key.revoked_at),
    }


def _time(time: datetime | None) -> str | None:
    from app.clock import rfc3339

    return None if time is None else rfc3339(time)
