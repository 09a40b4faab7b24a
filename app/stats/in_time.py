"""Counts the parts of a window for many webhooks in time: one that takes too long costs its own figures only.

All are counted together, in as many statements as one. If that takes too long, each is counted alone, and one that
still takes too long gets what closed periods tell.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from time import monotonic
from typing import TypeAlias

import structlog

from app.database.database import Database
from app.database.errors import DatabaseUnavailable
from app.database.in_time import InTime
from app.stats.counts import Part, Subjects, count_closed_parts, count_parts
from app.stats.window import Window

log = structlog.get_logger()

# For each statement. A page of a hundred webhooks takes tens of milliseconds.
TOGETHER_SECONDS = 3.0
ALONE_SECONDS = 0.5
# For all webhooks that are counted alone; those that are left get what closed periods tell.
ALL_ALONE_SECONDS = 5.0

# The parts, and whether they are complete.
Counts: TypeAlias = tuple[list[Part], bool]


async def count_in_time(database: Database, subjects: Subjects, window: Window) -> Sequence[Counts]:
    """The parts of a window, in order, for each subject, within about ten seconds.

    Raises:
        DatabaseUnavailable: the database does not even tell what closed periods contain.
    """
    try:
        each = await count_parts(InTime(database, TOGETHER_SECONDS), subjects, window)
    except DatabaseUnavailable:
        return [counts async for counts in _alone(database, subjects, window)]
    return [(parts, True) for parts in each]


async def _alone(database: Database, subjects: Subjects, window: Window) -> AsyncIterator[Counts]:
    ends = monotonic() + ALL_ALONE_SECONDS
    incomplete = []
    for id_ in subjects.ids:
        subject = replace(subjects, ids=(id_,))
        try:
            if monotonic() > ends:
                raise DatabaseUnavailable("there is no time left")
            [parts] = await count_parts(InTime(database, ALONE_SECONDS), subject, window)
            yield parts, True
        except DatabaseUnavailable:
            incomplete.append(id_)
            [parts] = await count_closed_parts(InTime(database, TOGETHER_SECONDS), subject, window)
            yield parts, False
    log.warning("statistics.incomplete", webhook_ids=incomplete[:10], webhooks=len(incomplete))
