"""A failure is a sentence on stderr that says what to do next, without a traceback; a bug is a traceback."""

import errno
import socket
from pathlib import Path

import pytest

from app.cli.failures import explained
from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, run, serving, url_of


@pytest.fixture
def taken_port() -> socket.socket:
    """A port on which another program listens."""
    return socket.create_server(("127.0.0.1", 0))


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    result = run("serve", directory=tmp_path, PORT="many", SWEEP_SECONDS="0")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        'PORT is "many": it must be a whole number from 0 to 65,535.',
        'SWEEP_SECONDS is "0": it must be a number from 0.1 to 60.',
        "Settings come from the environment and .env; docs/configuration.md describes each.",
    ]


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["key", "list"], ["workspace", "create", "Acme"]])
def test_tables_that_are_missing_name_the_command_that_makes_them(
    command: list[str], empty_database_url: str, tmp_path: Path
) -> None:
    result = run(*command, directory=tmp_path, DATABASE_URL=empty_database_url)

    assert (result.returncode, result.stdout) == (1, "")
    assert "Run `eev-webhooks migrate`" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_file_that_is_not_there_yet_is_not_made_by_looking(invoke: Invoke, tmp_path: Path) -> None:
    result = invoke("key", "list")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"There is no database at {tmp_path}/eev-webhooks.db yet; `eev-webhooks migrate`")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["migrate"], ["key", "list"]])
def test_a_database_that_does_not_answer_is_reported_without_its_password(
    command: list[str], tmp_path: Path, silent_port: int
) -> None:
    result = run(*command, directory=tmp_path, DATABASE_URL=f"postgres://me:hidden@127.0.0.1:{silent_port}/events")

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("The database does not answer: ")
    assert "DATABASE_URL" in result.stderr
    assert "hidden" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_second_server_on_the_same_file_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        url_of(first)
        second = run("serve", "--port", "0", directory=tmp_path, DATA_DIR=str(tmp_path / "data"), SHUTDOWN_SECONDS="1")

    assert (second.returncode, second.stdout) == (1, "")
    assert "Another server works on " in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("command", ["serve", "listen"])
def test_a_port_that_is_taken_is_named(command: str, tmp_path: Path, taken_port: socket.socket) -> None:
    with taken_port:
        port = str(taken_port.getsockname()[1])
        result = run(command, "--port", port, directory=tmp_path)

    assert (result.returncode, result.stdout) == (1, "")
    assert port in result.stderr
    assert "Traceback" not in result.stderr


def test_a_server_that_is_not_there_says_how_to_start_one(invoke: Invoke, silent_port: int) -> None:
    url = f"http://127.0.0.1:{silent_port}"

    result = invoke("publish", "ticket.created", "--url", url, "--key", KEY)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"No server answers at {url}/graphql (")
    assert "`eev-webhooks serve`" in result.stderr


def test_a_file_that_cannot_be_used_is_named(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    result = invoke("migrate", DATABASE_URL=f"sqlite://{tmp_path}/file/some.db")

    assert result.exit_code == 1
    assert f"{tmp_path}/file" in result.stderr


def test_an_invalid_encryption_key_is_reported(invoke: Invoke, tmp_path: Path) -> None:
    invoke("migrate")
    (tmp_path / "encryption.key").write_text("not a key\n")

    result = invoke("workspace", "create", "Acme")

    assert result.exit_code == 1
    assert "Encryption key 1 is not base64" in result.stderr


@pytest.mark.parametrize("bug", [ValueError("a bug"), KeyError("a bug"), OSError(errno.EPIPE, "Broken pipe")])
def test_a_bug_is_not_explained_away(bug: Exception) -> None:
    assert explained(bug) is None
