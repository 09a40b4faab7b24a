"""A new SQLite file has the tables that its migrations lead to, and those that the script lacks still run."""

import re
from pathlib import Path

import pytest
from tortoise.migrations.executor import MigrationTarget

from app.database import new_sqlite
from app.database.migrate import _executor, _on_disk, migrate, recorded_in, run_migrations
from app.database.new_sqlite import SCRIPT, text_of


def without_times(text: str) -> str:
    """The statements without the times at which migrations were applied."""
    return re.sub(r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+\+00:00'", "''", text)


async def test_the_script_and_the_migrations_that_it_lacks_lead_to_what_all_migrations_lead_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the comparison with SCRIPT fails after a migration was added, `make new-sqlite` writes it again."""
    files = {name: tmp_path / f"{name}.db" for name in ("all", "older", "new", "from_older")}
    await run_migrations(f"sqlite://{files['all']}")
    async with _executor(f"sqlite://{files['older']}") as executor:
        await executor.migrate([MigrationTarget(app_label="app", name=_on_disk()[-2])], direction="forward")
    older = tmp_path / "older.sql"
    older.write_text(text_of(files["older"]))
    expected = without_times(text_of(files["all"]))

    applied = await migrate(f"sqlite://{files['new']}")
    monkeypatch.setattr(new_sqlite, "SCRIPT", older)
    applied_after_older = await migrate(f"sqlite://{files['from_older']}")

    assert without_times(SCRIPT.read_text()) == expected
    assert without_times(text_of(files["new"])) == expected
    assert without_times(text_of(files["from_older"])) == expected
    assert applied == applied_after_older == sorted(recorded_in(files["all"]))
