"""Deletes closed periods of statistics, which would be wrong once failed deliveries are deleted (docs/adr/0006)."""

from datetime import datetime

from app.database.database import Database
from app.retention.batch import BATCH, delete_rows
from app.stats.periods import period_id

_NEXT = "SELECT min(id) AS id FROM stats_period WHERE id > $1"
_OLD = f"SELECT id FROM stats_period WHERE id >= $1 AND id < $2 ORDER BY id LIMIT {BATCH}"
# The character after the full stop that ends the subject's ID: sorts above all periods of the subject.
_ABOVE = "/"


async def prune_periods(database: Database, after: str, until: datetime) -> tuple[str | None, int]:
    """Delete a batch of the periods of the next webhook or workspace that began before `until`.

    Args:
        after: the position the last call returned; "" at first.

    Returns:
        The next position, or None at the end; and how many periods were deleted.
    """
    row = await database.fetch_one(_NEXT, after)
    if row is None or row["id"] is None:
        return None, 0
    subject_id = row["id"].rpartition(".")[0]
    old = await database.fetch(_OLD, row["id"], period_id(subject_id, until))
    deleted = await delete_rows(database, "stats_period", [row["id"] for row in old])
    return (old[-1]["id"] if len(old) == BATCH else subject_id + _ABOVE), deleted
