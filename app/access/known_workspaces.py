"""Which workspaces there are: looked up for tokens that a key of another workspace made, but not at every request."""

from collections import OrderedDict
from datetime import datetime, timedelta

from app.access.known_keys import KEPT, MAX_KEPT
from app.database.database import Statements

_FIND = "SELECT id FROM workspace WHERE id = $1 AND deleted_at IS NULL"


class KnownWorkspaces:
    """The cached workspaces of one process, limited in number to bound its memory."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._most = most
        self._found: OrderedDict[str, datetime] = OrderedDict()
        self._forgotten = 0

    async def exists(self, statements: Statements, workspace_id: str, now: datetime) -> bool:
        """Whether there is this workspace, as of at most `KEPT` ago."""
        found_at = self._found.get(workspace_id)
        # Not below zero either: a clock that was set back must not keep a deleted workspace alive.
        if found_at is not None and timedelta(0) <= now - found_at < KEPT:
            return True
        forgotten = self._forgotten
        if await statements.fetch_one(_FIND, workspace_id) is None:
            self._found.pop(workspace_id, None)
            return False
        if forgotten == self._forgotten:  # else this may have been read before the deletion
            self._found[workspace_id] = now
            self._found.move_to_end(workspace_id)
            if len(self._found) > self._most:
                self._found.popitem(last=False)
        return True

    def forget(self, workspace_id: str) -> None:
        """Look this workspace up the next time, because it was just deleted."""
        self._forgotten += 1
        self._found.pop(workspace_id, None)
