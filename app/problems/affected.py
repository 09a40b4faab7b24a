"""Counts the deliveries that problems affect."""

from collections.abc import Sequence

from app.access.caller import Caller
from app.database.batch import IDS
from app.database.database import Database

MAX_AFFECTED = 10_000

# The workspace is only compared: the key is narrower.
_AFFECTED = f"""
SELECT asked.id AS key, (
  SELECT count(*) FROM (
    SELECT 1 FROM delivery WHERE delivery.problem_key = asked.id AND coalesce(delivery.workspace_id, '') = $1{{seen}}
    LIMIT {MAX_AFFECTED + 1}
  ) AS counted
) AS affected FROM {{rows}} AS asked
"""


async def count_affected(database: Database, caller: Caller, keys: Sequence[str]) -> list[int]:
    """The number of deliveries of each problem that the caller sees, by the problem's key; at most one more than
    `MAX_AFFECTED`.
    """
    seen, values = caller.narrowing.and_sql("delivery", after=1)
    statement = _AFFECTED.replace("{seen}", seen)
    rows = await database.fetch_rows(statement, IDS, [(key,) for key in keys], caller.workspace_id, *values)
    counts = {row["key"]: int(row["affected"]) for row in rows}
    return [counts[key] for key in keys]
