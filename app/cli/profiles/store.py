"""The file of profiles in the user's configuration directory, which only the user may read."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import typer

from app.cli.failures import Refused
from app.private_files import private_directory, private_file

DEFAULT = "default"
"""The profile that is used if none is chosen."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Profile:
    """A server and a key of it.

    Attributes:
        workspace: name of the key's workspace, for people.
    """

    url: str
    key: str = field(repr=False)
    workspace: str = ""

    @property
    def hint(self) -> str:
        """The last characters of the key, by which `apiKeys` names it."""
        return self.key[-4:]


def profiles_file() -> Path:
    """Where profiles are: in `$XDG_CONFIG_HOME`, by default `~/.config`, or what the system has instead."""
    return Path(typer.get_app_dir("eev-webhooks")) / "profiles.json"


def read_profiles() -> dict[str, Profile]:
    """The profiles by name.

    Raises:
        Refused: the file cannot be read.
    """
    file = profiles_file()
    try:
        text = file.read_text(encoding="utf-8")
        found = {name: Profile(**profile) for name, profile in json.loads(text)["profiles"].items()}
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused(f"{file} cannot be read; remove it and log in again.") from None
    if os.name == "posix" and file.stat().st_mode & _OTHERS:
        typer.echo(f"Warning: others on this machine may read the keys in {file}; run chmod 600 on it.", err=True)
    return found


def write_profiles(profiles: Mapping[str, Profile]) -> None:
    """Replace all profiles, at once: a reader sees the old ones or the new ones."""
    file = profiles_file()
    private_directory(file.parent)
    new = file.with_name(f".{file.name}.{os.getpid()}")
    private_file(new)
    content = {"profiles": {name: asdict(profile) for name, profile in sorted(profiles.items())}}
    new.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    new.replace(file)


def profile_name(text: str) -> str:
    """The parser of an option that names a profile.

    Raises:
        typer.BadParameter: it cannot be a name.
    """
    if _NAME.fullmatch(text) is None:
        raise typer.BadParameter(f'"{text}" cannot name a profile; use letters, digits, ".", "_" and "-".')
    return text


def unknown(name: str, profiles: Mapping[str, Profile]) -> typer.BadParameter:
    """The error for a profile that there is not."""
    there_are = f"there are {', '.join(sorted(profiles))}" if profiles else "there are none"
    return typer.BadParameter(
        f'There is no profile "{name}"; {there_are}. `eev-webhooks login --profile {name}` makes it.',
        param_hint="--profile",
    )
