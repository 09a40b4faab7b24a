"""What claiming and deciding read of a webhook's row: whether it receives deliveries now, its limits, and its
health.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from app.clock import Micros, from_micros
from app.database.batch import IDS
from app.database.database import Statements
from app.statuses import WebhookStatus

# The state of the webhooks whose IDs are given as rows.
_COLUMNS = (
    "w.id, w.workspace_id, w.status, w.deleted_at, w.updated_at, w.max_in_flight, w.rate_limit_per_second,"
    " w.next_slot_at, w.held_until, w.consecutive_failures, w.failing_since, w.has_problems,"
    " (SELECT k.keeping FROM workspace k WHERE k.id = w.workspace_id) AS keeping"
)
_FROM = "FROM webhook w JOIN {rows} asked ON asked.id = w.id"
SELECT = f"SELECT {_COLUMNS} {_FROM}"
# The same with the last place that was given to a delivery of each.
SELECT_WITH_SEQUENCE = (
    f"SELECT {_COLUMNS}, counter.last_sequence {_FROM} LEFT JOIN webhook_sequence counter ON counter.webhook_id = w.id"
)

# The transaction that has written a webhook's row, on PostgreSQL: another one for each version of the row.
ROW_VERSION = "CAST(CAST(w.xmin AS text) AS bigint)"
SELECT_WITH_VERSION = f"SELECT {_COLUMNS}, {ROW_VERSION} AS row_version {_FROM} ORDER BY w.id"


class WebhookState(NamedTuple):
    """A webhook as its row was at one moment.

    Attributes:
        receives: whether it is ACTIVE and not deleted.
        next_slot_at: when its rate limit allows the next attempt.
        held_until: no delivery of the webhook is attempted before this time.
        consecutive_failures, failing_since: its run of failures; 0 and None if the last attempt succeeded.
        last_sequence: the last place given to a delivery of it, as `SELECT_WITH_SEQUENCE` reads it; 0 if none was.
        has_problems: whether it has problems that are not resolved.
        row_version: the version of its row, as `SELECT_WITH_VERSION` reads it; 0 if none was.
        keeping: what its workspace keeps of events, by type, as `app.keeping` reads it; None if everything.
    """

    id: str
    workspace_id: str
    receives: bool
    updated_at: Micros
    max_in_flight: int
    rate_limit_per_second: int | None
    next_slot_at: Micros | None
    held_until: Micros | None
    consecutive_failures: int
    failing_since: Micros | None
    last_sequence: int = 0
    has_problems: bool = False
    row_version: int = 0
    keeping: str | None = None

    @property
    def is_failing(self) -> bool:
        """Whether a success would end a run of failures."""
        return self.consecutive_failures > 0 or self.failing_since is not None

    @property
    def failing_since_time(self) -> datetime | None:
        """When the run of failures began, as an aware time."""
        return None if self.failing_since is None else from_micros(self.failing_since)


async def fetch_states(
    statements: Statements, select: str, webhook_ids: Iterable[str], *values: Any
) -> dict[str, WebhookState]:
    """The states of webhooks by ID, read by a statement built on `SELECT`."""
    rows = await statements.fetch_rows(select, IDS, [(webhook_id,) for webhook_id in webhook_ids], *values)
    return {
        row["id"]: WebhookState(
            id=row["id"],
            workspace_id=row["workspace_id"],
            receives=row["status"] == WebhookStatus.ACTIVE and row["deleted_at"] is None,
            updated_at=row["updated_at"],
            max_in_flight=row["max_in_flight"],
            rate_limit_per_second=row["rate_limit_per_second"],
            next_slot_at=row["next_slot_at"],
            held_until=row["held_until"],
            consecutive_failures=row["consecutive_failures"],
            failing_since=row["failing_since"],
            last_sequence=row.get("last_sequence") or 0,
            has_problems=bool(row["has_problems"]),
            row_version=row.get("row_version", 0),
            keeping=row["keeping"],
        )
        for row in rows
    }
