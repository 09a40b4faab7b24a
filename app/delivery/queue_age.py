"""How long deliveries wait for a worker: the age of the oldest one that is due and that nobody holds."""

from app.database.database import Database

# One look into an index for each webhook and status, however long the queue is.
_OLDEST_DUE = """
SELECT MIN(waiting.since) AS since FROM (
  SELECT (
    SELECT d.next_attempt_at FROM delivery d
    WHERE d.webhook_id = w.id AND d.status = kind.status AND d.claimed_by IS NULL AND d.next_attempt_at IS NOT NULL
    ORDER BY d.next_attempt_at LIMIT 1) AS since
  FROM webhook w CROSS JOIN (SELECT 'PENDING' AS status UNION ALL SELECT 'RETRYING') AS kind
  WHERE w.status = 'ACTIVE' AND w.deleted_at IS NULL AND (w.held_until IS NULL OR w.held_until <= $1)
) AS waiting
WHERE waiting.since <= $1
"""


async def queue_age(database: Database, now: int) -> int:
    """How long the oldest due delivery has been waiting, in microseconds; 0 where none is due.

    What waits for a webhook that is paused, disabled or held back is not due.
    """
    row = await database.fetch_one(_OLDEST_DUE, now)
    return 0 if row is None or row["since"] is None else now - int(row["since"])
