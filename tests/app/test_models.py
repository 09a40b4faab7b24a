"""The models and the migrations match, and a new member of an enum needs no migration."""

import subprocess
import sys

import pytest

from app.database.database import Database

# Runs in a separate process, because models keep the enums that they were created with.
_FIND_CHANGES = """
import asyncio, re, sys, types
from pathlib import Path

source = Path("app/statuses.py").read_text()
grown = re.sub(r'(class \\w+\\(StrEnum\\):\\n    \"\"\".*\"\"\"\\n)', r'\\1\\n    {member} = "{member}"', source)
statuses = types.ModuleType("app.statuses")
exec(grown if "{member}" else source, statuses.__dict__)
sys.modules["app.statuses"] = statuses

from tortoise import Tortoise
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from app.database.database import tortoise_config

async def main():
    config = tortoise_config("sqlite://:memory:", pool_size=1)
    async with TortoiseContext() as context:
        await context.init(config=config)
        for writer in await MigrationAutodetector(context.apps, config["apps"]).changes():
            for operation in writer.operations:
                print(operation.describe())
    print(len(list(statuses.AttemptOutcome)))

asyncio.run(main())
"""


def changes_found(member: str) -> list[str]:
    """What makemigrations would write, with this member added to every enum, and how many members AttemptOutcome then
    has.
    """
    script = _FIND_CHANGES.replace("{member}", member)
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return found.stdout.split("\n")[:-1]


def test_the_migrations_make_what_the_models_say_and_a_new_member_of_any_enum_changes_nothing() -> None:
    [members] = changes_found("")
    [more_members] = changes_found("LOST")

    assert int(more_members) == int(members) + 1


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)  # SQLite has no comments
async def test_no_column_lists_the_members_of_its_enum(database_url: str) -> None:
    async with Database(database_url) as database:
        comments = await database.fetch(
            "SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
            " WHERE c.relname IN ('webhook', 'delivery', 'attempt', 'operation') AND a.attnum > 0"
            " AND col_description(c.oid, a.attnum) IS NOT NULL"
        )
    assert comments == []
