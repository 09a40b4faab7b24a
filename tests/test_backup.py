"""A backup taken as docs/operations.md says, while everything runs, is enough to continue elsewhere."""

import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from standardwebhooks import Webhook as StandardWebhook

from app.database.migrate import migrate
from app.webhooks.secrets import reveal_secret
from tests.databases import Databases, PostgresDatabases
from tests.patience import PATIENCE_SECONDS
from tests.programs import find_postgres
from tests.receiver import Receiver
from tests.world import open_world

OPERATIONS = (Path(__file__).parent.parent / "docs/operations.md").read_text()


def command(program: str, **replaced: str) -> list[str]:
    """A command of the page, split as a shell splits it, with placeholders replaced."""
    [line] = re.findall(rf"^ *({program} .*)$", OPERATIONS, re.MULTILINE)
    for name, value in replaced.items():
        line = line.replace({"url": '"$DATABASE_URL"', "file": "/backup/eev-webhooks.dump"}[name], value)
    return shlex.split(line)


def run_of_postgres(parts: Sequence[str]) -> None:
    # The server alone may be a symbolic link from elsewhere.
    programs = (find_postgres() / "postgres").resolve().parent
    subprocess.run([programs / parts[0], *parts[1:]], check=True, timeout=PATIENCE_SECONDS, capture_output=True)


async def on_postgres(url: str, databases: PostgresDatabases, directory: Path) -> str:
    """Back up and restore as the page says; return the address of the restored database."""
    file = str(directory / "a.dump")
    run_of_postgres(command("pg_dump", file=file, url=url.replace("postgres://", "postgresql://")))
    restored = await databases.create_empty()
    run_of_postgres(command("pg_restore", file=file, url=restored.replace("postgres://", "postgresql://")))
    return restored


async def on_sqlite(url: str, directory: Path) -> str:
    [_, _, statement] = command("sqlite3")
    file = directory / "restored.db"
    with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as connection:
        connection.execute(statement.replace("/backup/eev-webhooks.db", str(file)))
    return f"sqlite://{file}"


async def test_a_back_up_taken_while_it_runs_goes_on_where_it_was_taken(
    databases: Databases, database_url: str, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    there.mkdir()
    async with Receiver() as receiver:
        async with open_world(database_url, here, receiver=receiver, works=False) as world:
            webhook = await world.webhook()
            before = await world.publish()
            if isinstance(databases, PostgresDatabases):
                restored = await on_postgres(database_url, databases, tmp_path)
            else:
                restored = await on_sqlite(database_url, tmp_path)
            await world.publish()  # Too late for the backup.
        shutil.copyfile(here / "encryption.key", there / "encryption.key")

        assert await migrate(restored) == []
        async with open_world(restored, there, receiver=receiver, key=world.key) as again:
            [request] = await receiver.received()
            secret = await reveal_secret(again.resources, again.caller, webhook.id)

    assert request.header("webhook-id") == before.row.id
    StandardWebhook(secret).verify(request.body, dict(request.headers))
