"""`eev-webhooks login`, `logout` and `profiles`: servers and keys that commands use without being given them."""

import sys
from typing import Annotated, Any

import typer

from app.cli.failures import Refused
from app.cli.loop import run_to_end
from app.cli.output import AsJson, print_json, print_table
from app.cli.profiles.store import (
    DEFAULT,
    Profile,
    profile_name,
    profiles_file,
    read_profiles,
    unknown,
    write_profiles,
)
from app.cli.remote import DEFAULT_URL, connected

_Name = Annotated[
    str,
    typer.Option("--profile", envvar="EEV_WEBHOOKS_PROFILE", parser=profile_name, metavar="NAME", help="The profile."),
]

_VIEWER = "query { viewer { workspace { id name } scopes } }"


def login(
    profile: _Name = DEFAULT,
    url: Annotated[str, typer.Option(envvar="EEV_WEBHOOKS_URL", help="URL of the server.")] = DEFAULT_URL,
    key: Annotated[
        str, typer.Option(envvar="EEV_WEBHOOKS_KEY", help="API key of the server.", show_default="asked for, or stdin")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Store a server's URL and an API key as a profile, after trying them.

    Commands use the profile "default", or the one that --profile or EEV_WEBHOOKS_PROFILE names. The key is stored in a
    file that only you may read.
    """
    key = key or _asked()
    viewer = run_to_end(_viewer(url, key))
    workspace = viewer["workspace"]["name"]
    write_profiles(read_profiles() | {profile: Profile(url, key, workspace)})
    if as_json:
        print_json({"profile": profile, "url": url, "workspace": viewer["workspace"], "scopes": viewer["scopes"]})
    else:
        typer.echo(
            f'The profile "{profile}" is stored: {url}, workspace {workspace}, with {" ".join(viewer["scopes"])}.'
        )
        if profile != DEFAULT:
            typer.echo(f"Use it with --profile {profile} or EEV_WEBHOOKS_PROFILE={profile}.")


def logout(
    profile: _Name = DEFAULT,
    everything: Annotated[bool, typer.Option("--all", help="Remove all profiles.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a profile with its key from this machine. The key stays valid until it is revoked."""
    profiles = read_profiles()
    if not everything and profile not in profiles:
        raise unknown(profile, profiles)
    removed = sorted(profiles) if everything else [profile]
    write_profiles({name: kept for name, kept in profiles.items() if name not in removed})
    if as_json:
        print_json({"removed": removed})
    else:
        typer.echo(f"Removed: {', '.join(removed) or 'nothing'}. `eev-webhooks key revoke` revokes a key.")


def list_profiles(as_json: AsJson = False) -> None:
    """List the profiles on this machine, with the last four characters of each key."""
    profiles = read_profiles()
    if as_json:
        print_json([_fields(name, profile) for name, profile in profiles.items()])
    elif profiles:
        rows = [[name, each.url, each.workspace, f"…{each.hint}"] for name, each in profiles.items()]
        print_table(("profile", "url", "workspace", "key ends in"), rows)
    else:
        typer.echo(f"There are no profiles in {profiles_file()}; `eev-webhooks login` makes one.")


def _asked() -> str:
    if sys.stdin.isatty():
        asked: str = typer.prompt("API key", hide_input=True)
        return asked.strip()
    if key := sys.stdin.readline().strip():
        return key
    raise Refused("There is no key: give it with --key, EEV_WEBHOOKS_KEY or on stdin.")


def _fields(name: str, profile: Profile) -> dict[str, Any]:
    return {"profile": name, "url": profile.url, "workspace": profile.workspace, "keyHint": profile.hint}


async def _viewer(url: str, key: str) -> dict[str, Any]:
    async with connected(url, key) as api:
        viewer: dict[str, Any] = (await api.ask(_VIEWER))["viewer"]
    return viewer
