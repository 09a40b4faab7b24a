"""Deletes the oldest entries of the audit log, and keeps with which entry each workspace's chain continues.

Entries go in the order of their numbers, so that what is left is a chain without gaps. The last one that goes leaves
its number and hash, with which the next one fits (`app.access.audit_chain`).
"""

from datetime import datetime

from app.clock import to_micros
from app.database.database import Database
from app.retention.batch import BATCH, delete_held, delete_rows, skip_locked

_PAGE = (
    f"SELECT id, workspace_id, number FROM audit_entry WHERE id > $1 AND id < $2 AND at < $3 ORDER BY id LIMIT {BATCH}"
)
# While an entry is being written, the row is locked: the workspace's turn comes in the next round.
_LOCK = "SELECT expired FROM audit_chain WHERE workspace_id = $1"
_OLDEST = (
    "SELECT id, at < $3 AS over, number, hash FROM audit_entry WHERE workspace_id = $1 AND number > $2"
    f" ORDER BY number LIMIT {BATCH}"
)
_MOVE = "UPDATE audit_chain SET expired = $2, expired_hash = $3 WHERE workspace_id = $1"


async def prune_audit(database: Database, after: str, until: str, before: datetime) -> tuple[str | None, int]:
    """Look at the next entries by ID that were written before a time, and delete those of their workspaces.

    Args:
        after: the position that the last call returned; "" at first.
        until: an ID above all that are looked at.

    Returns:
        The next position, or None at the end; and how many entries were deleted.
    """
    old = await database.fetch(_PAGE, after, until, to_micros(before))
    deleted = await delete_rows(database, "audit_entry", [row["id"] for row in old if row["number"] is None])
    for workspace_id in sorted({row["workspace_id"] for row in old if row["number"] is not None}):
        gone = BATCH
        while gone == BATCH:
            gone = await _prune_workspace(database, workspace_id, before)
            deleted += gone
    return (old[-1]["id"] if len(old) == BATCH else None), deleted


async def _prune_workspace(database: Database, workspace_id: str, before: datetime) -> int:
    async with database.transaction() as statements:
        chain = await statements.fetch_one(_LOCK + skip_locked(database.dialect), workspace_id)
        if chain is None:
            return 0
        over = []
        for entry in await statements.fetch(_OLDEST, workspace_id, chain["expired"], to_micros(before)):
            if not entry["over"]:
                break
            over.append(entry)
        if over:
            await delete_held(statements, "audit_entry", "id", [entry["id"] for entry in over])
            await statements.execute(_MOVE, workspace_id, over[-1]["number"], over[-1]["hash"])
        return len(over)
