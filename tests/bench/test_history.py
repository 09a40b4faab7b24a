"""A database filled for reading: the bench reads what a server would have written."""

from pathlib import Path

import pytest

from app.clock import SystemClock, to_micros
from app.database.database import Database
from app.ids import DELIVERY, is_id
from bench.history import fill
from bench.read import NoRoom, require_room
from tests.databases import PostgresDatabases

INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
ROWS = """
SELECT d.id, d.status, d.completed_at, e.type, d.event_type FROM delivery d JOIN event e ON e.id = d.event_id
JOIN attempt a ON a.delivery_id = d.id AND a.webhook_id = d.webhook_id ORDER BY d.id
"""


async def test_a_filled_database_has_its_indexes_back_and_rows_as_the_server_writes_them(
    postgres_databases: PostgresDatabases,
) -> None:
    url = await postgres_databases.create()
    async with Database(url) as database:
        indexes = await database.fetch(INDEXES)
        await database.execute("INSERT INTO workspace VALUES ('ws_a', 'a', 1, 0)")

    await fill(url, 6_000, ["wh_a", "wh_b"], ["ticket.a", "ticket.b", "ticket.c"])

    async with Database(url) as database:
        assert await database.fetch(INDEXES) == indexes
        rows = await database.fetch(ROWS)
        [counted] = await database.fetch("SELECT sum(deliveries)::int FROM stats_period WHERE id LIKE 'ws_a.%'")
    assert len(rows) == 6_000
    assert all(is_id(DELIVERY, row["id"]) and row["type"] == row["event_type"] for row in rows)
    assert sum(row["status"] == "FAILED" for row in rows) == 120
    assert rows[-1]["completed_at"] == pytest.approx(to_micros(SystemClock().now()), abs=1_000_000_000)
    assert counted["sum"] > 800


def test_what_does_not_fit_on_the_disk_is_not_begun(tmp_path: Path) -> None:
    require_room(tmp_path, 1_000)

    with pytest.raises(NoRoom, match=r"10,000,000,000,000 deliveries take about .* GB left"):
        require_room(tmp_path, 10_000_000_000_000)
