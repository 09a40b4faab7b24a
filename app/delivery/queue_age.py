"""How long deliveries wait for a worker: the age of the oldest one that is due and unclaimed."""

from collections.abc import Mapping

from app.clock import Micros
from app.database.database import Database

# One index lookup for each webhook and status, however long the queue is.
_OLDEST_DUE = """
SELECT waiting.workspace_id, MIN(waiting.since) AS since FROM (
  SELECT w.workspace_id, (
    SELECT d.next_attempt_at FROM delivery d
    WHERE d.webhook_id = w.id AND d.status = kind.status AND d.claimed_by IS NULL AND d.next_attempt_at IS NOT NULL
    ORDER BY d.next_attempt_at LIMIT 1) AS since
  FROM webhook w CROSS JOIN (SELECT 'PENDING' AS status UNION ALL SELECT 'RETRYING') AS kind
  WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL AND (w.held_until IS NULL OR w.held_until <= $1)
) AS waiting
WHERE waiting.since <= $1
GROUP BY waiting.workspace_id ORDER BY since, waiting.workspace_id LIMIT $2
"""


async def queue_ages(database: Database, now: Micros, most: int) -> Mapping[str, int]:
    """How long the oldest due delivery of each workspace has been waiting, in microseconds: the longest first, for at
    most `most` workspaces. A workspace without waiting deliveries is left out.

    Deliveries of a webhook that is paused, disabled or held back are not due.
    """
    rows = await database.fetch(_OLDEST_DUE, now, most)
    return {row["workspace_id"]: now - int(row["since"]) for row in rows}


async def queue_age(database: Database, now: Micros) -> int:
    """How long the oldest due delivery of all has been waiting, in microseconds; 0 if none is due."""
    ages = await queue_ages(database, now, 1)
    return max(ages.values(), default=0)
