"""Servers and keys that are stored once, and used by every command that talks to a server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, run
from tests.app.cli.remotely import output, server
from tests.app.cli.test_help import PATHS, command_at

__all__ = ["server"]

Stored: TypeAlias = Callable[..., Path]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    """Write profiles as `login` does: `stored(default=(url, key))`."""

    def to(**profiles: tuple[str, str]) -> Path:
        file = tmp_path / "eev-webhooks" / "profiles.json"
        file.parent.mkdir(exist_ok=True)
        content = {name: {"url": url, "key": key, "workspace": "x"} for name, (url, key) in profiles.items()}
        file.write_text(json.dumps({"profiles": content}))
        file.chmod(0o600)
        return file

    return to


def works(result: Any) -> bool:
    return bool(result.exit_code == 0 and json.loads(result.stdout) == [])


def test_who_logs_in_needs_to_give_neither_url_nor_key_from_then_on(
    invoke: Invoke, server: str, tmp_path: Path
) -> None:
    before = invoke("webhooks", "list", "--json")
    logged_in = invoke("login", "--url", server, given=f"{KEY}\n")
    after = invoke("webhooks", "list", "--json")
    listed = output(invoke("profiles", "--json"))
    table = invoke("profiles").stdout
    removed = invoke("logout")
    end = invoke("webhooks", "list", "--json")

    file = tmp_path / "eev-webhooks" / "profiles.json"
    assert (before.exit_code, end.exit_code) == (2, 2)
    assert "`eev-webhooks login`" in before.stderr
    assert logged_in.exit_code == 0, logged_in.stderr
    assert logged_in.stdout.startswith(f'The profile "default" is stored: {server}, workspace default, with READ ')
    assert works(after)
    assert listed == [{"profile": "default", "url": server, "workspace": "default", "keyHint": KEY[-4:]}]
    assert server in table
    assert KEY not in logged_in.stdout + table
    assert removed.stdout.startswith("Removed: default.")
    assert file.stat().st_mode & 0o777 == 0o600
    assert KEY not in file.read_text()


def test_the_key_is_readable_by_its_owner_only(tmp_path: Path, server: str) -> None:
    result = run(
        "login", "--url", server, "--json", directory=tmp_path, given=f"{KEY}\n", XDG_CONFIG_HOME=str(tmp_path)
    )

    directory = tmp_path / "eev-webhooks"
    assert json.loads(result.stdout)["profile"] == "default", result.stderr
    assert directory.stat().st_mode & 0o777 == 0o700
    assert [(file.name, file.stat().st_mode & 0o777) for file in directory.iterdir()] == [("profiles.json", 0o600)]


def test_a_key_that_does_not_work_is_not_stored(invoke: Invoke, server: str, silent_port: int) -> None:
    refused = invoke("login", "--url", server, "--key", "eev_wrong")
    away = invoke("login", "--url", f"http://127.0.0.1:{silent_port}", "--key", KEY)
    nothing = invoke("login", "--url", server, given="")

    assert (refused.exit_code, away.exit_code, nothing.exit_code) == (1, 1, 1)
    assert "refused the key" in refused.stderr
    assert "No server answers" in away.stderr
    assert nothing.stderr == "There is no key: give it with --key, EEV_WEBHOOKS_KEY or on stdin.\n"
    assert output(invoke("profiles", "--json")) == []


def test_a_profile_is_chosen_by_option_or_variable(invoke: Invoke, server: str, silent_port: int) -> None:
    away = f"http://127.0.0.1:{silent_port}"
    invoke("login", "--profile", "staging", "--url", server, "--key", KEY)

    none = invoke("webhooks", "list", "--json")
    by_option = invoke("webhooks", "list", "--json", "--profile", "staging")
    by_variable = invoke("webhooks", "list", "--json", EEV_WEBHOOKS_PROFILE="staging")
    over_variables = invoke(
        *("webhooks", "list", "--json", "--profile", "staging"), EEV_WEBHOOKS_URL=away, EEV_WEBHOOKS_KEY="x"
    )
    under_variables = invoke("webhooks", "list", EEV_WEBHOOKS_PROFILE="staging", EEV_WEBHOOKS_KEY="x")
    unknown = invoke("webhooks", "list", "--profile", "stagin")

    assert none.exit_code == 2
    assert works(by_option)
    assert works(by_variable)
    assert works(over_variables)
    assert "refused the key" in under_variables.stderr
    assert (unknown.exit_code, 'There is no profile "stagin"; there are staging.' in unknown.stderr) == (2, True)


@pytest.mark.parametrize("way", ["option", "variable"])
def test_the_key_of_a_profile_is_not_sent_to_another_server(
    invoke: Invoke, server: str, stored: Stored, way: str
) -> None:
    stored(default=("http://127.0.0.1:1", KEY), other=("http://127.0.0.1:1", KEY))
    url = ("--url", server) if way == "option" else ()
    environment = {} if way == "option" else {"EEV_WEBHOOKS_URL": server}

    by_default = invoke("webhooks", "list", *url, **environment)
    named = invoke("webhooks", "list", *url, EEV_WEBHOOKS_PROFILE="other", **environment)
    with_key = invoke("webhooks", "list", "--json", *url, "--key", KEY, **environment)

    assert (by_default.exit_code, named.exit_code) == (2, 2)
    assert "give an API key" in by_default.stderr
    assert 'The profile "other" has a key of http://127.0.0.1:1' in " ".join(named.stderr.replace("│", "").split())
    assert works(with_key)


def test_a_listener_registers_only_with_a_profile_that_is_named(tmp_path: Path, stored: Stored) -> None:
    stored(default=("http://127.0.0.1:1", KEY))

    named = run("listen", "--port", "0", "--profile", "default", directory=tmp_path, XDG_CONFIG_HOME=str(tmp_path))

    assert "No server answers at http://127.0.0.1:1/graphql" in named.stderr


def test_a_file_of_profiles_that_others_may_read_or_nobody_can_is_told(
    invoke: Invoke, server: str, stored: Stored
) -> None:
    file = stored(default=(server, KEY))
    file.chmod(0o644)
    open_to_others = invoke("webhooks", "list", "--json")
    file.write_text("{")
    broken = invoke("webhooks", "list")

    assert works(open_to_others)
    assert open_to_others.stderr.startswith("Warning: others on this machine may read the keys in ")
    assert (broken.exit_code, broken.stderr) == (1, f"{file} cannot be read; remove it and log in again.\n")


def test_every_command_that_talks_to_a_server_takes_a_profile() -> None:
    without = [
        path
        for path in PATHS
        if any(parameter.envvar == "EEV_WEBHOOKS_URL" for parameter in command_at(path).params)
        and [option for parameter in command_at(path).params for option in parameter.opts].count("--profile") != 1
    ]

    assert without == []
