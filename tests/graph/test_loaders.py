"""How rows are loaded by their IDs."""

import pytest

from app.database.database import Database
from graph.loaders import rows_by_id


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize("table", ["event", "delivery", "attempt"])
async def test_rows_are_found_by_their_ids_however_many_their_workspace_has(database_url: str, table: str) -> None:
    statement = "EXPLAIN QUERY PLAN " + rows_by_id(table, f"{table}.id")

    async with Database(database_url) as database:
        plan = await database.fetch_rows(statement, (("asked_id", "text"),), [("dlv_1",)], "ws_1")

    steps = [step["detail"] for step in plan]
    assert any(f"sqlite_autoindex_{table}_1 (id=?)" in step for step in steps), steps
    assert not any("workspace_id" in step for step in steps), steps
