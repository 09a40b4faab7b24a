"""What the program says about itself."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.main
from typer.testing import CliRunner

from app.cli import program
from tests.app.cli.installed import installed, run

# Packages that only the execution of commands needs. (Typer itself imports pydantic for numbers with limits.)
HEAVY = (
    "aiohttp",
    "app.settings",
    "cryptography",
    "dramatiq",
    "httpx",
    "rich",
    "starlette",
    "strawberry",
    "tortoise",
    "uvicorn",
)
IMPORTED = """
import json, sys
from app.cli import main
for path in json.loads(sys.argv[1]):
    sys.argv = ["eev-webhooks", *path, "--help"]
    try:
        main()
    except SystemExit as end:
        assert end.code == 0, path
print(*sys.modules, file=sys.stderr)
"""


def commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    """The path of every command and group."""
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, *path, name)


PATHS = list(commands(typer.main.get_command(program)))


def command_at(path: tuple[str, ...]) -> Any:
    command: Any = typer.main.get_command(program)
    for name in path:
        command = command.commands[name]
    return command


def test_there_are_the_commands_that_were_announced() -> None:
    assert {" ".join(path) for path in PATHS} >= {
        *(
            "serve",
            "worker",
            "migrate",
            "schema",
            "publish",
            "listen",
            "demo",
            "export",
            "apply",
            "login",
            "logout",
            "profiles",
        ),
        *("move", "workspace create", "workspace list", "key create", "key list", "key revoke"),
        *("webhooks list", "webhooks create", "webhooks ping", "webhooks rotate"),
        *("webhooks show", "webhooks update", "webhooks pause", "webhooks resume", "webhooks delete", "webhooks test"),
        *("deliveries list", "deliveries retry", "deliveries tail", "events publish", "replay"),
        *("deliveries show", "deliveries cancel", "events list", "events show"),
        *("event-types list", "event-types show", "operations list", "operations cancel"),
        *("contacts list", "contacts create", "contacts test", "contacts delete"),
    }


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_describes_itself_and_all_that_it_takes(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(program, [*path, "--help"], env={"COLUMNS": "200"})

    command = command_at(path)
    assert result.exit_code == 0
    # Wherever the lines break.
    assert command.help.partition("\n")[0] in " ".join(result.stdout.split())
    assert [parameter.name for parameter in command.params if not parameter.help] == []


def test_help_imports_nothing_that_takes_long(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", IMPORTED, json.dumps(PATHS)], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
    assert "app.cli.access" in result.stderr.split()
    assert set(HEAVY) & set(result.stderr.split()) == set()


def test_the_installed_program_knows_its_version(tmp_path: Path) -> None:
    result = installed("--version", directory=tmp_path)

    assert (result.returncode, result.stdout) == (0, version("eev-webhooks") + "\n")


@pytest.mark.parametrize("arguments", [["nonsense"], ["listen", "--port", "70000"], ["key", "revoke"], ["publish"]])
def test_wrong_usage_ends_with_2_and_shows_the_way_to_the_help(arguments: list[str]) -> None:
    result = CliRunner().invoke(program, arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert "for help" in result.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_options_and_their_values(shell: str, tmp_path: Path) -> None:
    script = run("--show-completion", shell, directory=tmp_path)

    assert script.returncode == 0, script.stderr
    assert "_EEV_WEBHOOKS_COMPLETE" in script.stdout
    assert completed(tmp_path, "deliveries", "") == {"list", "show", "retry", "cancel", "tail"}
    assert "--webhook" in completed(tmp_path, "deliveries", "list", "--")
    assert completed(tmp_path, "deliveries", "list", "--status", "") >= {"FAILED", "SUCCEEDED"}


def completed(directory: Path, *words: str) -> set[str]:
    """The completions that bash is offered."""
    asked = {"_EEV_WEBHOOKS_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(["eev-webhooks", *words])}
    return set(run(directory=directory, **asked, COMP_CWORD=str(len(words))).stdout.split())


def test_every_id_that_a_command_takes_is_refused_with_the_prefix_of_another_kind() -> None:
    ids = {"ids", "webhook", "event", "workspace"}
    taken = [
        (" ".join(path), parameter)
        for path in PATHS
        for parameter in command_at(path).params
        if parameter.name in ids or (parameter.name or "").endswith("_id")
        if parameter.name != "external_id"  # the platform's own, in any form
    ]

    assert len(taken) > 15
    for path, parameter in taken:
        given = ["evil_1"] if parameter.nargs == -1 else "evil_1"
        assert parameter.callback is not None, f"{path} takes any {parameter.name}"
        with pytest.raises(typer.BadParameter, match="those begin with"):
            parameter.callback(None, parameter, given)


def test_every_command_that_answers_does_so_in_json_on_demand() -> None:
    in_text = {
        " ".join(path)
        for path in PATHS
        if not hasattr(command_at(path), "commands")
        and not any("--json" in parameter.opts for parameter in command_at(path).params)
    }

    assert in_text == {"serve", "worker", "schema"}  # two that run until they are stopped, and one that prints SDL
