"""`eev-webhooks workspace …` and `key …`: manages workspaces and API keys, on a server if a URL is given, and otherwise
in the database of the settings.
"""

from datetime import datetime
from typing import Annotated, Any

import typer

from app.cli import local_access, remote_access
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json, print_table
from app.cli.profiles.option import key_of_named_server, url_of_named_profile
from app.cli.remote import cell, given
from app.cli.values import completion, id_of, moment, one_of
from app.ids import API_KEY, WORKSPACE
from app.statuses import Scope

workspaces = typer.Typer(
    help="Manage workspaces, on a server if a URL is given and otherwise in the local database.", no_args_is_help=True
)
keys = typer.Typer(
    help="Manage API keys, on a server if a URL is given and otherwise in the local database.", no_args_is_help=True
)

RemoteUrl = Annotated[
    str | None,
    typer.Option(
        envvar="EEV_WEBHOOKS_URL",
        help="URL of the server; the local database if there is none.",
        show_default=False,
        callback=url_of_named_profile,
    ),
]
RemoteKey = Annotated[
    str,
    typer.Option(
        envvar="EEV_WEBHOOKS_KEY", help="API key of the server.", show_default=False, callback=key_of_named_server
    ),
]
WorkspaceId = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        metavar="ID",
        help="ID of the workspace; optional if there is only one. On a server, that of the key in use.",
        callback=id_of("workspace", WORKSPACE),
    ),
]
_ONCE = "The key is shown only this once; store it safely."


@workspaces.command("create")
def create_workspace(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the workspace.")],
    external_id: Annotated[
        str | None, typer.Option(help="Your own ID of the workspace; creating it again returns the first one.")
    ] = None,
    url: RemoteUrl = None,
    key: RemoteKey = "",
    as_json: AsJson = False,
) -> None:
    """Create a workspace; in the local database also its first API key, which is shown only this once.

    That key has every scope; INSTALLATION only if this is the first workspace. On a server, this needs a key with
    INSTALLATION, and `createAccessToken` gives access to the new workspace.
    """
    if url is None:
        made = run_to_end(local_access.create_workspace(name, external_id))
    else:
        made = run_to_end(remote_access.create_workspace(url, key, name, external_id))
    if as_json:
        print_json({**made, "changed": _place(url)})
        return
    typer.echo(f"Workspace  {made['workspace']['id']}{'' if made['created'] else ' (was there already)'}")
    if "key" in made:
        typer.echo(f"API key    {made['key']}\n{_ONCE}")
    _say_place(url)


@workspaces.command("list")
def list_workspaces(url: RemoteUrl = None, key: RemoteKey = "", as_json: AsJson = False) -> None:
    """List workspaces."""
    ask = local_access.list_workspaces() if url is None else remote_access.list_workspaces(url, key)
    found = run_to_end(ask)
    if as_json:
        print_json(found)
    else:
        columns = ("id", "name", "externalId", "createdAt")
        print_table(columns, [[cell(workspace[name]) for name in columns] for workspace in found])


@workspaces.command("delete")
def delete_workspace(
    workspace_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="ID of the workspace (ws_…).", callback=id_of("workspace", WORKSPACE)),
    ],
    url: RemoteUrl = None,
    key: RemoteKey = "",
    as_json: AsJson = False,
) -> None:
    """Delete a workspace with everything in it. This cannot be undone."""
    if url is None:
        deleted = run_to_end(local_access.delete_workspace(workspace_id))
    else:
        deleted = run_to_end(remote_access.delete_workspace(url, key, workspace_id))
    if as_json:
        print_json({"deletedId": deleted, "changed": _place(url)})
    else:
        typer.echo(f"{deleted} is deleted; a running server removes what is in it.")
        _say_place(url)


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
    workspace: WorkspaceId = None,
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
    url: RemoteUrl = None,
    key: RemoteKey = "",
    as_json: AsJson = False,
) -> None:
    """Create an API key. The key is shown only this once."""
    from app.access.keys import KeyDraft

    if url is None:
        draft = KeyDraft(name, scopes, allowed_sources or (), expires_at)
        made = run_to_end(local_access.create_key(workspace, draft))
    else:
        asked = given(name=name, scopes=scopes, allowedSources=allowed_sources, expiresAt=expires_at)
        made = run_to_end(remote_access.create_key(url, key, workspace, asked))
    if as_json:
        print_json({**made, "changed": _place(url)})
    else:
        typer.echo(f"Id         {made['apiKey']['id']}\nAPI key    {made['key']}\n{_ONCE}")
        _say_place(url)


@keys.command("list")
def list_keys(
    workspace: WorkspaceId = None, url: RemoteUrl = None, key: RemoteKey = "", as_json: AsJson = False
) -> None:
    """List a workspace's API keys, with the last four characters of each."""
    ask = local_access.list_keys(workspace) if url is None else remote_access.list_keys(url, key, workspace)
    found = run_to_end(ask)
    if as_json:
        print_json(found)
    else:
        print_table(("id", "name", "ends in", "scopes", "last used", "state"), [_key_row(api_key) for api_key in found])


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[
        str, typer.Argument(metavar="ID", help="ID of the API key (key_…).", callback=id_of("API key", API_KEY))
    ],
    url: RemoteUrl = None,
    key: RemoteKey = "",
    as_json: AsJson = False,
) -> None:
    """Revoke an API key and every access token created with it. This cannot be undone."""
    ask = local_access.revoke_key(key_id) if url is None else remote_access.revoke_key(url, key, key_id)
    revoked = run_to_end(ask)
    if as_json:
        print_json({"apiKey": revoked, "changed": _place(url)})
    else:
        typer.echo(f"{revoked['id']} ({revoked['name']}) was revoked at {revoked['revokedAt']}.")
        _say_place(url)


def _place(url: str | None) -> str:
    return local_access.database_named() if url is None else f"the server {url}"


def _say_place(url: str | None) -> None:
    typer.echo(f"Changed    {_place(url)}")


def _key_row(key: dict[str, Any]) -> tuple[str, ...]:
    if key["revokedAt"] is not None:
        state = f"revoked at {key['revokedAt']}"
    else:
        state = "valid" if key["expiresAt"] is None else f"until {key['expiresAt']}"
    if key["allowedSources"]:
        state += f", from {', '.join(key['allowedSources'])}"
    return key["id"], key["name"], f"…{key['hint']}", " ".join(key["scopes"]), cell(key["lastUsedAt"]), state
