"""Workspaces and keys, created in the database directly, and keys that work from then on."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.errors import Unauthenticated
from app.statuses import Scope
from tests.app.cli.conftest import Invoke
from tests.clock import FakeClock
from tests.domain import open_domain


@pytest.fixture
def command(invoke: Invoke, database_url: str) -> Invoke:
    """Run a command on this test's migrated database."""

    def run(*arguments: str) -> Any:
        return invoke(*arguments, DATABASE_URL=database_url)

    return run


def data(result: Any) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def workspace(command: Invoke) -> dict[str, Any]:
    made: dict[str, Any] = data(command("workspace", "create", "Acme", "--json"))
    return made


def test_a_workspace_comes_with_a_key_that_may_do_everything(workspace: dict[str, Any], command: Invoke) -> None:
    [key] = data(command("key", "list", "--json"))

    assert workspace["workspace"]["name"] == "Acme"
    assert workspace["apiKey"]["id"] == key["id"]
    assert workspace["key"].endswith(key["hint"])
    assert set(key["scopes"]) == set(Scope)


def test_the_key_of_a_further_workspace_concerns_only_that(workspace: dict[str, Any], command: Invoke) -> None:
    other = data(command("workspace", "create", "Other", "--json"))["workspace"]["id"]

    [key] = data(command("key", "list", "--workspace", other, "--json"))

    assert set(key["scopes"]) == set(Scope) - {Scope.INSTALLATION}


def test_people_see_the_key_once(command: Invoke) -> None:
    made = command("workspace", "create", "Acme")
    listed = command("key", "list")

    key = next(word for word in made.stdout.split() if word.startswith("eev_"))
    assert "shown only this once" in made.stdout
    assert key not in listed.stdout
    assert f"…{key[-4:]}" in listed.stdout


def test_a_key_can_do_what_it_was_made_for(workspace: dict[str, Any], command: Invoke) -> None:
    options = ["--scope", "READ", "--scope", "PUBLISH", "--allowed-source", "10.0.0.0/8"]
    expiry = ["--expires-at", "2077-01-31T01:00:00+01:00"]
    made = data(command("key", "create", "--name", "ci", *options, *expiry, "--json"))

    assert made["apiKey"] | {"id": "", "createdAt": ""} == {
        "id": "",
        "name": "ci",
        "hint": made["key"][-4:],
        "scopes": ["READ", "PUBLISH"],
        "allowedSources": ["10.0.0.0/8"],
        "createdAt": "",
        "expiresAt": "2077-01-31T00:00:00.000Z",
        "lastUsedAt": None,
        "revokedAt": None,
    }


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
async def test_the_server_accepts_such_a_key_until_it_is_revoked(database_url: str, tmp_path: Path) -> None:
    # The commands run in separate processes here, because this process already has an event loop.
    from tests.app.cli.installed import run

    settings = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path)}
    made = json.loads(run("workspace", "create", "Acme", "--json", directory=tmp_path, **settings).stdout)
    options = ["--workspace", made["workspace"]["id"], "--name", "ci", "--scope", "READ"]
    ci = json.loads(run("key", "create", *options, "--json", directory=tmp_path, **settings).stdout)

    async with open_domain(database_url, tmp_path, FakeClock()) as domain:
        caller = await domain.resources.authenticator.authenticate(ci["key"], None)
        revoked = run("key", "revoke", ci["apiKey"]["id"], directory=tmp_path, **settings)
        domain.clock.advance(3)
        with pytest.raises(Unauthenticated):
            await domain.resources.authenticator.authenticate(ci["key"], None)

    assert (caller.workspace_id, caller.scopes) == (made["workspace"]["id"], frozenset({Scope.READ}))
    assert (revoked.returncode, revoked.stderr) == (0, "")


def test_a_revoked_key_is_listed_as_such(workspace: dict[str, Any], command: Invoke) -> None:
    ci = data(command("key", "create", "--name", "ci", "--scope", "READ", "--json"))["apiKey"]["id"]

    revoked = command("key", "revoke", ci)
    listed = data(command("key", "list", "--json"))

    assert revoked.exit_code == 0
    assert revoked.stdout.startswith(f"{ci} (ci) was revoked at 20")
    assert [key["revokedAt"] is None for key in listed] == [True, False]
    assert "revoked at" in command("key", "list").stdout


def test_the_last_admin_key_stays(workspace: dict[str, Any], command: Invoke) -> None:
    result = command("key", "revoke", workspace["apiKey"]["id"])

    assert result.exit_code == 1
    assert "is the last valid one with ADMIN" in result.stderr


def test_a_key_that_never_was_cannot_be_revoked(workspace: dict[str, Any], command: Invoke) -> None:
    result = command("key", "revoke", "key_nobody")

    assert (result.exit_code, result.stderr) == (
        1,
        'No API key has the id "key_nobody"; give the id of one in this workspace.\n',
    )


def test_everything_wrong_with_a_key_is_said_at_once(workspace: dict[str, Any], command: Invoke) -> None:
    wrong = ["--name", " ", "--scope", "READ", "--allowed-source", "10.0.0.1/8", "--expires-at", "2001-01-01T00:00:00Z"]
    result = command("key", "create", *wrong)

    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 3


def test_a_workspace_needs_a_name(command: Invoke) -> None:
    result = command("workspace", "create", " ")

    assert (result.exit_code, data(command("workspace", "list", "--json"))) == (1, [])
    assert "The name is empty" in result.stderr


def test_without_a_workspace_it_says_how_to_make_one(command: Invoke) -> None:
    result = command("key", "list")

    assert result.exit_code == 1
    assert "`eev-webhooks workspace create NAME`" in result.stderr


def test_among_several_workspaces_one_has_to_be_named(workspace: dict[str, Any], command: Invoke) -> None:
    other = data(command("workspace", "create", "Other", "--json"))["workspace"]["id"]

    unnamed = command("key", "list")
    named = data(command("key", "list", "--workspace", other, "--json"))
    unknown = command("key", "list", "--workspace", "ws_nobody")

    assert unnamed.exit_code == unknown.exit_code == 1
    assert f"{other} (Other)" in unnamed.stderr
    assert "No workspace has the id ws_nobody" in unknown.stderr
    assert [key["name"] for key in named] == ["admin"]


def test_keys_are_made_while_the_broker_is_away(invoke: Invoke, database_url: str, silent_port: int) -> None:
    settings = {"DATABASE_URL": database_url, "BROKER_URL": f"redis://127.0.0.1:{silent_port}/0"}

    result = invoke("workspace", "create", "Acme", "--json", **settings)

    assert data(result)["workspace"]["name"] == "Acme"
    assert result.stderr == ""


def test_workspaces_are_listed(workspace: dict[str, Any], command: Invoke) -> None:
    listed = data(command("workspace", "list", "--json"))

    assert listed == [workspace["workspace"]]
    assert workspace["workspace"]["id"] in command("workspace", "list").stdout
