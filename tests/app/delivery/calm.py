"""A backlog that appears after statistics were taken while everything had succeeded."""

from typing import Any

from app.database.database import Database
from tests.graph.full_tables import nodes, webhooks_of

WEBHOOKS = [f"wh_{number}" for number in range(20)]
# How many rows a step may read; the backlog is twenty times larger.
FEW = 500

_WORKER = "INSERT INTO worker (id, host, pid, started_at, lease_until) VALUES ('wrk', 'h', 1, 0, 1000000)"
# This many deliveries for each webhook.
_DELIVERIES = """
INSERT INTO delivery (id, workspace_id, event_id, webhook_id, event_type, test, ordering_key, status, trigger,
  attempt_count, retries_used, next_attempt_at, created_at, sequence)
SELECT '{status}' || n, 'ws', '{status}' || n, 'wh_' || n % 20, 'ticket.created', FALSE, {key}, '{status}', 'FIRST',
  0, 0, {due}, 0, {first} + n FROM generate_series(1, 20 * {each}) n
"""


async def fall_behind_after_a_calm_time(database: Database, *, key: str = "NULL", due: int = 1) -> None:
    """Fill a PostgreSQL database; `key` is the SQL of the ordering key, `due` is when the backlog is due (µs), by
    default at once.
    """
    status = "PENDING" if due == 1 else "RETRYING"
    await database.execute(_WORKER)
    statement, columns, _ = webhooks_of(["ws"])
    await database.fetch_rows(statement, columns, [(id_, "ws") for id_ in WEBHOOKS])
    await database.execute(_DELIVERIES.format(status="SUCCEEDED", key=key, due="NULL", each=100, first=0))
    await database.execute("ANALYZE")
    await database.execute(_DELIVERIES.format(status=status, key=key, due=due, each=500, first=2000))


def most_looked_at(plan: Any) -> int:
    """Number of rows read by the step that read most, including those that it filtered out."""
    looked_at: list[int] = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in nodes(plan)
    ]
    return max(looked_at)
