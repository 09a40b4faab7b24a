"""`eev-webhooks audit verify`: on a server, in a local database, and after a server was killed in the middle of it."""

import asyncio
import signal
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.database.database import Database
from tests.app.cli.conftest import Invoke
from tests.app.cli.installed import KEY, run, serving, url_of
from tests.app.cli.remotely import output, remote, server

__all__ = ["remote", "server"]
_CREATE = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { userErrors { message } } }"


@pytest.fixture
def verify(invoke: Invoke, database_url: str) -> Any:
    """Run the command on a database with a workspace and its key."""

    def run_it(*arguments: str) -> Any:
        return invoke("audit", "verify", *arguments, DATABASE_URL=database_url)

    invoke("workspace", "create", "Acme", DATABASE_URL=database_url)
    return run_it


def tamper(database_url: str, *statements: str) -> None:
    async def run_them() -> None:
        async with Database(database_url) as database:
            for statement in statements:
                await database.execute(statement)

    asyncio.run(run_them())


def test_people_see_how_many_entries_there_are_and_the_head(verify: Invoke) -> None:
    result = verify()

    said, head = result.stdout.splitlines()
    assert (result.exit_code, said) == (0, "2 entries, each as it was written.")
    assert verify("--head", head.split()[1]).exit_code == 0


def test_the_first_entry_that_was_changed_is_named(verify: Invoke, database_url: str) -> None:
    tamper(database_url, "UPDATE audit_entry SET actor = 'Mallory' WHERE number = 1")

    for_people, as_json = verify(), verify("--json")

    assert (for_people.exit_code, for_people.stdout) == (1, "")
    assert for_people.stderr.startswith("Entry 1 (aud_")
    assert for_people.stderr.endswith(" was changed.\n")
    assert as_json.exit_code == 1
    assert '"finding":{"kind":"CHANGED","number":1' in as_json.stdout


def test_a_log_that_was_cut_off_is_found_by_its_head(verify: Invoke, database_url: str) -> None:
    head = output(verify("--json"))["head"]
    tamper(
        database_url,
        "DELETE FROM audit_entry WHERE number = 2",
        "UPDATE audit_chain SET number = 1, hash = (SELECT hash FROM audit_entry)",
    )

    assert verify().exit_code == 0
    result = verify("--head", head)
    assert (result.exit_code, result.stderr) == (
        1,
        "The chain ends with entry 1, and entry 2 was noted: those from 2 on were cut off.\n",
    )


@pytest.mark.parametrize("head", ["7", "x:y", "1:abc", f"0:{'a' * 64}"])
def test_a_head_must_look_like_one(verify: Invoke, head: str) -> None:
    result = verify("--head", head)

    assert result.exit_code == 2
    assert "audit verify" in result.stderr


def test_a_server_is_verified_here_by_what_it_says_of_each_entry(remote: Invoke) -> None:
    for index in range(120):  # more than a page
        remote("key", "create", "--name", f"Key {index}", "--scope", "READ")
    verdict = output(remote("audit", "verify", "--json"))
    output(remote("key", "create", "--name", "More", "--scope", "READ", "--json"))

    later = output(remote("audit", "verify", "--head", verdict["head"], "--json"))
    wrong = remote("audit", "verify", "--head", f"5:{'0' * 64}")

    assert (verdict["finding"], verdict["expired"]) == (None, 0)
    assert later["entries"] == verdict["entries"] + 1 > 121
    assert (wrong.exit_code, "Entry 5" in wrong.stderr) == (1, True)


async def test_the_chain_holds_after_the_server_was_killed_in_the_middle_of_changes(
    database_url: str, tmp_path: Path
) -> None:
    known = 0
    for _ in range(3):
        with serving(tmp_path, DATABASE_URL=database_url) as server:
            url, stop = url_of(server), threading.Event()
            threads = [threading.Thread(target=_make_keys, args=(url, stop)) for _ in range(4)]
            for thread in threads:
                thread.start()
            async with Database(database_url) as database:
                while (made := await _entries(database)) < known + 20:
                    pass
            server.stop(signal.SIGKILL)
            stop.set()
            for thread in threads:
                thread.join()
            known = made
        result = run("audit", "verify", "--json", directory=tmp_path, DATABASE_URL=database_url)
        assert result.returncode == 0, result.stdout + result.stderr


async def _entries(database: Database) -> int:
    [row] = await database.fetch("SELECT count(*) AS entries FROM audit_entry")
    return int(row["entries"])


def _make_keys(url: str, stop: threading.Event) -> None:
    with suppress(httpx.HTTPError), httpx.Client(headers={"authorization": f"Bearer {KEY}"}) as client:
        while not stop.is_set():
            asked = {"query": _CREATE, "variables": {"input": {"name": "x", "scopes": ["READ"]}}}
            client.post(f"{url}/graphql", json=asked)
