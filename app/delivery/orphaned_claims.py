"""Frees orphaned claims: what this process holds without knowing it.

A claim, or giving one back, may be committed although its answer never came: the connection broke on the way. The
deliveries then belong to a process that is alive and does not send them, and no lease would ever end over that.
"""

from collections.abc import Collection

from app.database.batch import Columns
from app.database.database import Database

_IDS: Columns = (("id", "text"),)
_FREE = """
UPDATE delivery SET claimed_by = NULL
WHERE claimed_by = $1 AND id NOT IN (SELECT sending.id FROM {rows} AS sending)
"""


async def free_orphaned_claims(database: Database, worker_id: str, sending: Collection[str]) -> None:
    """Free what is claimed under `worker_id` and is not among the deliveries being sent. No claim may be under way."""
    await database.fetch_rows(_FREE, _IDS, [(delivery_id,) for delivery_id in sending], worker_id)
