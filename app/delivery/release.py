"""Gives claims back: deliveries that were claimed but not sent are due again, and no attempt is counted."""

from collections.abc import Sequence

from app.clock import Micros
from app.database.batch import Columns
from app.database.database import Database
from app.delivery.claim import Claimed

_CLAIMS: Columns = (("id", "text"), ("claimed_by", "text"))
_RELEASE = """
UPDATE delivery SET claimed_by = NULL, next_attempt_at = $1 FROM {rows} AS held
WHERE delivery.id = held.id AND delivery.claimed_by = held.claimed_by
"""


async def release(database: Database, claimed: Sequence[Claimed], at: Micros) -> None:
    """Make these deliveries due at `at` for anybody, where this worker still holds them."""
    if claimed:
        await database.fetch_rows(_RELEASE, _CLAIMS, [(delivery.id, delivery.claimed_by) for delivery in claimed], at)
