"""Workspaces and keys on a server that a URL names, and never in the local database then."""

from pathlib import Path
from typing import Any

import pytest

from app.cli.local_access import database_named
from tests.app.cli.conftest import Invoke
from tests.app.cli.remotely import output, remote, server

__all__ = ["remote", "server"]


def test_workspaces_are_made_listed_and_deleted_on_the_server(remote: Invoke, server: str, tmp_path: Path) -> None:
    made = output(remote("workspace", "create", "Acme", "--external-id", "customer-1", "--json"))
    again = output(remote("workspace", "create", "Acme", "--external-id", "customer-1", "--json"))
    listed = output(remote("workspace", "list", "--json"))
    deleted = output(remote("workspace", "delete", made["workspace"]["id"], "--json"))
    names = [workspace["name"] for workspace in output(remote("workspace", "list", "--json"))]

    assert (made["created"], again["created"]) == (True, False)
    assert made["workspace"] == again["workspace"] == listed[-1]
    assert made["changed"] == f"the server {server}"
    assert deleted == {"deletedId": made["workspace"]["id"], "changed": f"the server {server}"}
    assert "Acme" not in names
    assert list(tmp_path.glob("*.sqlite*")) == []


def test_keys_are_made_listed_and_revoked_on_the_server(remote: Invoke, server: str) -> None:
    made = output(remote("key", "create", "--name", "ci", "--scope", "READ", "--json"))
    listed = output(remote("key", "list", "--json"))
    revoked = output(remote("key", "revoke", made["apiKey"]["id"], "--json"))

    assert made["apiKey"] in listed
    assert made["key"].endswith(made["apiKey"]["hint"])
    assert made["changed"] == revoked["changed"] == f"the server {server}"
    assert revoked["apiKey"]["revokedAt"] is not None


def test_people_are_told_which_server_was_changed(remote: Invoke, server: str) -> None:
    result = remote("key", "create", "--name", "ci", "--scope", "READ")

    assert result.stdout.splitlines()[-1] == f"Changed    the server {server}"


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_people_are_told_which_database_was_changed(invoke: Invoke, database_url: str) -> None:
    result = invoke("workspace", "create", "Acme", DATABASE_URL=database_url)

    assert result.stdout.splitlines()[-1] == f"Changed    the database {database_url}"


def test_the_password_of_a_database_is_not_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgres://eev:hunter2@db.example:5432/eev")

    assert database_named() == "the database postgres://eev:••••@db.example:5432/eev"


def test_a_url_without_a_key_is_refused_instead_of_changing_the_local_database(
    remote: Invoke, database_url: str
) -> None:
    result: Any = remote("key", "list", EEV_WEBHOOKS_KEY="", DATABASE_URL=database_url)

    assert result.exit_code == 2
    assert "EEV_WEBHOOKS_KEY" in result.stderr


def test_a_key_manages_the_keys_of_its_own_workspace_only(remote: Invoke) -> None:
    result = remote("key", "list", "--workspace", "ws_01kkntq2cnenzah74r5b30hm3p")

    assert result.exit_code == 1
    assert "belongs to the workspace ws_" in result.stderr


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_last_workspace_of_a_database_stays(invoke: Invoke, database_url: str) -> None:
    first = output(invoke("workspace", "create", "First", "--json", DATABASE_URL=database_url))["workspace"]["id"]
    refused = invoke("workspace", "delete", first, DATABASE_URL=database_url)
    second = output(invoke("workspace", "create", "Second", "--json", DATABASE_URL=database_url))["workspace"]["id"]
    deleted = invoke("workspace", "delete", second, DATABASE_URL=database_url)

    assert (refused.exit_code, refused.stderr) == (1, "This is the last workspace; create another one first.\n")
    assert deleted.exit_code == 0
    assert deleted.stdout.startswith(f"{second} is deleted")
