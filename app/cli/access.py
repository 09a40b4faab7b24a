"""`eev-webhooks workspace …` and `key …`: manages workspaces and API keys directly in the database.

No running server is needed, so anyone who can read the settings can use these commands. The audit log shows their
actor as "command line".
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.failures import Refused
from app.cli.output import AsJson, print_json, print_table
from app.cli.values import completion, id_of, moment, one_of
from app.ids import API_KEY, WORKSPACE
from app.statuses import Scope

if TYPE_CHECKING:
    from app.access.caller import Caller
    from app.access.keys import KeyDraft
    from app.database.database import Database
    from app.models import ApiKey, Workspace
    from app.resources import Resources

workspaces = typer.Typer(help="Manage workspaces, directly in the database.", no_args_is_help=True)
keys = typer.Typer(help="Manage API keys, directly in the database.", no_args_is_help=True)

_WorkspaceId = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        metavar="ID",
        help="ID of the workspace; optional if there is only one.",
        callback=id_of("workspace", WORKSPACE),
    ),
]


@workspaces.command("create")
def create_workspace(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the workspace.")], as_json: AsJson = False
) -> None:
    """Create a workspace and its first API key, which is shown only this once.

    The key has every scope; INSTALLATION only if this is the first workspace.
    """
    workspace, key_id, key = asyncio.run(_create_workspace(name))
    if as_json:
        print_json({"workspace": _workspace_fields(workspace), "apiKey": {"id": key_id}, "key": key})
    else:
        typer.echo(f"Workspace  {workspace.id}\nAPI key    {key}\nThe key is shown only this once; store it safely.")


@workspaces.command("list")
def list_workspaces(as_json: AsJson = False) -> None:
    """List workspaces."""
    found = asyncio.run(_list_workspaces())
    if as_json:
        print_json([_workspace_fields(workspace) for workspace in found])
    else:
        print_table(("id", "name", "created"), [(w.id, w.name, _shown(w.created_at)) for w in found])


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Option(help="Name of the key, which describes its use.")],
    scopes: Annotated[
        list[Scope],
        typer.Option(
            "--scope",
            parser=one_of(Scope),
            autocompletion=completion(Scope),
            metavar="|".join(Scope),
            help="A scope that the key grants; repeat for several.",
        ),
    ],
    workspace: _WorkspaceId = None,
    allowed_sources: Annotated[
        list[str] | None,
        typer.Option("--allowed-source", metavar="CIDR", help="Network that may use the key; repeat for several."),
    ] = None,
    expires_at: Annotated[
        datetime | None,
        typer.Option(
            parser=moment,
            metavar="TIME",
            help="Time at which the key expires: a date (midnight UTC), or a time with its offset.",
            show_default="never",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key. The key is shown only this once."""
    from app.access.keys import KeyDraft

    draft = KeyDraft(name, scopes, allowed_sources or (), expires_at)
    api_key, key = asyncio.run(_create_key(workspace, draft))
    if as_json:
        print_json({"apiKey": _key_fields(api_key), "key": key})
    else:
        typer.echo(f"Id         {api_key.id}\nAPI key    {key}\nThe key is shown only this once; store it safely.")


@keys.command("list")
def list_keys(workspace: _WorkspaceId = None, as_json: AsJson = False) -> None:
    """List a workspace's API keys, with the last four characters of each."""
    found = asyncio.run(_list_keys(workspace))
    if as_json:
        print_json([_key_fields(key) for key in found])
    else:
        print_table(("id", "name", "ends in", "scopes", "last used", "state"), [_key_row(key) for key in found])


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="ID of the API key (key_…).", callback=id_of("API key", API_KEY))
    ],
    as_json: AsJson = False,
) -> None:
    """Revoke an API key and every access token created with it. This cannot be undone."""
    api_key = asyncio.run(_revoke_key(key_id))
    if as_json:
        print_json({"apiKey": _key_fields(api_key)})
    else:
        typer.echo(f"{api_key.id} ({api_key.name}) was revoked at {_time(api_key.revoked_at)}.")


async def _create_workspace(name: str) -> "tuple[Workspace, str, str]":
    from app.access.keys import KeyDraft, create_key, create_workspace
    from app.errors import Problem, Rejected
    from app.texts import MAX_NAME_CHARACTERS, one_line

    problems: list[Problem] = []
    name = one_line(problems, name, "The name", MAX_NAME_CHARACTERS, "name")
    if problems:
        raise Rejected(problems)
    async with _resources() as resources:
        async with resources.database.transaction() as statements:
            is_first = await statements.fetch_one("SELECT id FROM workspace LIMIT 1") is None
            workspace = await create_workspace(statements, name, resources.clock.now())
        # Only the first key of an installation may do more than what concerns its workspace.
        scopes = [scope for scope in Scope if is_first or scope is not Scope.INSTALLATION]
        created = await create_key(resources, _caller(workspace.id), KeyDraft("admin", scopes))
    return workspace, created.api_key.id, created.key


async def _list_workspaces() -> "list[Workspace]":
    from app.models import Workspace

    async with _database() as database:
        return await Workspace.filter(deleted_at=None).using_db(database.orm).order_by("id")


async def _create_key(workspace_id: str | None, draft: "KeyDraft") -> "tuple[ApiKey, str]":
    from app.access.keys import create_key

    async with _resources() as resources:
        caller = _caller(await _chosen(resources.database, workspace_id))
        created = await create_key(resources, caller, draft)
    return created.api_key, created.key


async def _list_keys(workspace_id: str | None) -> "list[ApiKey]":
    from app.models import ApiKey

    async with _database() as database:
        chosen = await _chosen(database, workspace_id)
        return await ApiKey.filter(workspace_id=chosen).using_db(database.orm).order_by("id")


async def _revoke_key(key_id: str) -> "ApiKey":
    from app.access.keys import revoke_key
    from app.errors import not_found
    from app.models import ApiKey

    async with _resources() as resources:
        api_key = await ApiKey.get_or_none(id=key_id, using_db=resources.database.orm)
        if api_key is None:
            raise not_found("API key", key_id)
        return await revoke_key(resources, resources.authenticator.keys, _caller(api_key.workspace_id), key_id)


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
    return {"id": workspace.id, "name": workspace.name, "createdAt": _time(workspace.created_at)}


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


def _key_row(key: "ApiKey") -> tuple[str, ...]:
    if key.revoked_at is not None:
        state = f"revoked at {_time(key.revoked_at)}"
    else:
        state = "valid" if key.expires_at is None else f"until {_time(key.expires_at)}"
    if key.allowed_sources:
        state += f", from {', '.join(key.allowed_sources)}"
    return key.id, key.name, f"…{key.hint}", " ".join(key.scopes), _shown(key.last_used_at), state


def _time(time: datetime | None) -> str | None:
    from app.clock import rfc3339

    return None if time is None else rfc3339(time)


def _shown(time: datetime | None) -> str:
    return _time(time) or "–"
