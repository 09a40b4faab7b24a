"""The option `--profile` of every command that talks to a server, and what URL and key follow from it.

The more explicit wins: `--url` and `--key`, then `--profile`, then EEV_WEBHOOKS_URL and EEV_WEBHOOKS_KEY, then
EEV_WEBHOOKS_PROFILE, then the profile "default". The key of a profile is sent to the server of that profile only.
"""

from typing import Annotated, Any, NamedTuple

import typer

from app.cli.profiles.store import DEFAULT, Profile, profile_name, read_profiles, unknown

_META = "app.cli.profiles"


class _Chosen(NamedTuple):
    """A profile, and how it was chosen.

    Attributes:
        source: "COMMANDLINE", "ENVIRONMENT" or "DEFAULT".
    """

    name: str
    profile: Profile
    source: str


def add_profile_option(command: Any) -> None:
    """Add the option to a command that takes a URL and a key, or to all such commands of a group."""
    for inner in getattr(command, "commands", {}).values():
        add_profile_option(inner)
    names = [parameter.name for parameter in command.params]
    if {"url", "key"} <= set(names) and "profile" not in names:
        command.params.insert(names.index("key") + 1, _option())


def url_of(ctx: typer.Context, value: str) -> str:
    """The callback of `--url`: the URL of the chosen profile, unless one is given more explicitly."""
    chosen = _chosen(ctx)
    return value if chosen is None or _is_given(ctx, "url", chosen) else chosen.profile.url


def key_of(ctx: typer.Context, value: str) -> str:
    """The callback of `--key`: the key of the chosen profile, unless one is given more explicitly.

    Raises:
        typer.BadParameter: the profile that was chosen is of another server.
    """
    chosen = _chosen(ctx)
    if chosen is None or _is_given(ctx, "key", chosen):
        return value
    if _server(ctx.params["url"]) == _server(chosen.profile.url):
        return chosen.profile.key
    if chosen.source == "DEFAULT":
        return value
    raise typer.BadParameter(
        f'The profile "{chosen.name}" has a key of {chosen.profile.url}; give one of {ctx.params["url"]}.'
    )


def url_of_named_profile(ctx: typer.Context, value: str | None) -> str | None:
    """The callback of a `--url` that changes what a command does: the profile "default" gives none."""
    chosen = _chosen(ctx)
    return value if chosen is None or chosen.source == "DEFAULT" else url_of(ctx, value or "")


def key_of_named_server(ctx: typer.Context, value: str) -> str:
    """The callback of a `--key` beside such a `--url`, without which it is not needed."""
    return value if ctx.params["url"] is None else key_of(ctx, value)


def key_of_named_profile(ctx: typer.Context, value: str) -> str:
    """The callback of a `--key` that changes what a command does: the profile "default" gives none."""
    chosen = _chosen(ctx)
    return value if chosen is None or chosen.source == "DEFAULT" else key_of(ctx, value)


def _is_given(ctx: typer.Context, name: str, chosen: _Chosen) -> bool:
    source = getattr(ctx.get_parameter_source(name), "name", "DEFAULT")
    return source == "COMMANDLINE" or (source == "ENVIRONMENT" and chosen.source != "COMMANDLINE")


def _server(url: str) -> str:
    return url.rstrip("/").removesuffix("/graphql")


def _chosen(ctx: typer.Context) -> _Chosen | None:
    chosen: _Chosen | None = ctx.meta.get(_META)
    return chosen


def _choose(ctx: typer.Context, value: str | None) -> str | None:
    """Remember the profile for the callbacks of the other options, which run later."""
    source = getattr(ctx.get_parameter_source("profile"), "name", "DEFAULT")
    profiles = read_profiles()
    if value is None:
        if DEFAULT in profiles:
            ctx.meta[_META] = _Chosen(DEFAULT, profiles[DEFAULT], "DEFAULT")
    elif value in profiles:
        ctx.meta[_META] = _Chosen(value, profiles[value], source)
    else:
        raise unknown(value, profiles)
    return value


def _names(incomplete: str) -> list[str]:
    return [name for name in read_profiles() if name.startswith(incomplete)]


def _option() -> Any:
    """A new option of a command."""
    template = typer.Typer()

    @template.command()
    def command(
        profile: Annotated[
            str | None,
            typer.Option(
                envvar="EEV_WEBHOOKS_PROFILE",
                parser=profile_name,
                metavar="NAME",
                help='Stored URL and key, see `eev-webhooks login`; "default" if there is one.',
                is_eager=True,
                expose_value=False,
                callback=_choose,
                autocompletion=_names,
            ),
        ] = None,
    ) -> None: ...

    [option] = [each for each in typer.main.get_command(template).params if each.name == "profile"]
    return option
