"""Accounts for every event that a webhook selected: each has a delivery in some status, or was missed while DISABLED.

Counted exactly, in one statement, so that the numbers are of one moment and always add up.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from app.clock import EPOCH
from app.database.batch import Columns
from app.database.database import Statements
from app.ids import DELIVERY, lowest_id
from app.statuses import DeliveryStatus

# Above every ID.
_END = "~"
_ASKED: Columns = (("webhook_id", "text"), ("since", "text"), ("until", "text"))
_COUNT = """
WITH asked AS (
  SELECT given.webhook_id, given.since, given.until
  FROM {rows} AS given JOIN webhook w ON w.id = given.webhook_id AND w.workspace_id = $1
)
SELECT asked.webhook_id, asked.since, asked.until, d.status, count(*) AS number
FROM asked JOIN delivery d ON d.webhook_id = asked.webhook_id AND d.id >= asked.since AND d.id < asked.until
WHERE NOT d.test GROUP BY asked.webhook_id, asked.since, asked.until, d.status
UNION ALL
SELECT asked.webhook_id, asked.since, asked.until, 'MISSED', count(*)
FROM asked JOIN missed_delivery m ON m.webhook_id = asked.webhook_id AND m.id >= asked.since AND m.id < asked.until
GROUP BY asked.webhook_id, asked.since, asked.until
"""


class AccountingAsked(NamedTuple):
    """A webhook and a time range; None is without a bound."""

    webhook_id: str
    since: datetime | None
    until: datetime | None


class Accounting(NamedTuple):
    """Number of events that a webhook selected in a time range, by outcome."""

    pending: int
    succeeded: int
    failed: int
    canceled: int
    missed_while_disabled: int

    @property
    def matched(self) -> int:
        """All of them."""
        return sum(self)


async def account(
    statements: Statements, workspace_id: str, asked: Sequence[AccountingAsked]
) -> dict[AccountingAsked, Accounting]:
    """The accounts of webhooks of a workspace, of what was made in their time ranges."""
    bounds = {one: (one.webhook_id, _first(one.since, ""), _first(one.until, _END)) for one in asked}
    counts: dict[tuple[str, str, str], dict[str, int]] = {bound: {} for bound in bounds.values()}
    for row in await statements.fetch_rows(_COUNT, _ASKED, list(counts), workspace_id):
        counts[row["webhook_id"], row["since"], row["until"]][row["status"]] = row["number"]
    return {one: _accounting(counts[bound]) for one, bound in bounds.items()}


def _accounting(counts: dict[str, int]) -> Accounting:
    return Accounting(
        pending=counts.get(DeliveryStatus.PENDING, 0) + counts.get(DeliveryStatus.RETRYING, 0),
        succeeded=counts.get(DeliveryStatus.SUCCEEDED, 0),
        failed=counts.get(DeliveryStatus.FAILED, 0),
        canceled=counts.get(DeliveryStatus.CANCELED, 0),
        missed_while_disabled=counts.get("MISSED", 0),
    )


def _first(at: datetime | None, default: str) -> str:
    return default if at is None else lowest_id(DELIVERY, max(at, EPOCH))
