"""Gives claims back: deliveries that were claimed but not sent are due again, and no attempt is counted.

A claimed delivery was due, so one that is due again at once keeps its time and status. One that has to wait becomes
RETRYING, because only RETRYING deliveries wait for a time.
"""

from collections.abc import Sequence

from app.clock import Micros
from app.database.batch import Columns
from app.database.database import Database
from app.delivery.claim import Claimed

_CLAIMS: Columns = (("id", "text"), ("claimed_by", "text"))
_HELD = "FROM {rows} AS held WHERE delivery.id = held.id AND delivery.claimed_by = held.claimed_by"
_RELEASE = f"UPDATE delivery SET claimed_by = NULL {_HELD}"
# One that had ended was tried once past its webhook (`app.operations.single_try`), and stays as it is.
_POSTPONE = f"""
UPDATE delivery SET claimed_by = NULL, status = CASE WHEN completed_at IS NULL THEN 'RETRYING' ELSE status END,
  next_attempt_at = CASE WHEN completed_at IS NULL THEN $1 ELSE next_attempt_at END {_HELD}
"""


async def release(database: Database, claimed: Sequence[Claimed], at: Micros | None) -> None:
    """Make these deliveries due for any process, at once or at a time, if this worker still holds them."""
    rows = [(delivery.id, delivery.claimed_by) for delivery in claimed]
    if not rows:
        return
    if at is None:
        await database.fetch_rows(_RELEASE, _CLAIMS, rows)
    else:
        await database.fetch_rows(_POSTPONE, _CLAIMS, rows, at)
