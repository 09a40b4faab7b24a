"""Frees orphaned claims: those that this process holds without knowing it.

A claim or a release may be committed even if its answer never arrived because the connection broke. The deliveries then
belong to a process that is alive and does not send them, so no lease would ever end for them.
"""

from collections.abc import Collection

from app.database.batch import IDS
from app.database.database import Database

_FREE = """
UPDATE delivery SET claimed_by = NULL
WHERE claimed_by = $1 AND id NOT IN (SELECT sending.id FROM {rows} AS sending)
"""


async def free_orphaned_claims(database: Database, worker_id: str, sending: Collection[str]) -> None:
    """Free deliveries claimed under `worker_id` that are not being sent. No claim may be running meanwhile."""
    await database.fetch_rows(_FREE, IDS, [(delivery_id,) for delivery_id in sending], worker_id)
