"""Which share of the deliveries that succeeded did so within a time, counted from the creation of each.

Counted from the newest rows of each part of a window, up to a limit; the share of a part with more is that of those,
and counts for as many as succeeded in the part.
"""

from collections.abc import Sequence

from app.database.batch import Columns
from app.database.database import Statements
from app.ids import DELIVERY, lowest_id
from app.stats.counts import Part, Subjects

# Rows that are read of a window: a tenth of a second.
MAX_ROWS = 50_000

_RANGES: Columns = (("number", "bigint"), ("subject_id", "text"), ("first_id", "text"), ("end_id", "text"))
# One scalar for two numbers, of which each is below a million: a subquery gives one, and neither database has to read
# the rows twice.
_FACTOR = 1_000_000
_WITHIN = (
    "SELECT part.number, (SELECT count(*) * {factor} + coalesce(sum(CASE WHEN took <= ${time} THEN 1 ELSE 0 END), 0)"
    " FROM (SELECT d.completed_at - d.created_at AS took, d.status FROM delivery d WHERE d.{subject} = part.subject_id"
    " AND d.id >= part.first_id AND d.id < part.end_id AND NOT d.test{typed} ORDER BY d.id DESC"
    " LIMIT {limit}) AS newest WHERE status = 'SUCCEEDED') AS counts FROM {{rows}} AS part"
)


async def share_within(database: Statements, subject: Subjects, parts: Sequence[Part], ms: int) -> float | None:
    """The share, from 0 to 1; None if nothing succeeded.

    Args:
        subject: whose deliveries they are: of webhooks or of a workspace.
        parts: what a window's parts were counted to be.
    """
    typed, types = subject.typed(" AND {}")
    limit = max(1, MAX_ROWS // (len(parts) * len(subject.ids)))
    statement = _WITHIN.format(subject=subject.column, limit=limit, factor=_FACTOR, typed=typed, time=len(types) + 1)
    ranges = [
        (number, subject_id, lowest_id(DELIVERY, part.since), lowest_id(DELIVERY, part.until))
        for subject_id in subject.ids
        for number, part in enumerate(parts)
    ]
    within, all_ = 0.0, 0
    for row in await database.fetch_rows(statement, _RANGES, ranges, *types, ms * 1_000):
        succeeded, in_time = divmod(int(row["counts"]), _FACTOR)
        if succeeded:
            weight = max(parts[row["number"]].succeeded, succeeded)
            within += weight * in_time / succeeded
            all_ += weight
    return within / all_ if all_ else None
