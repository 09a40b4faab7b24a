"""Reads the deliveries that a filter means in windows, in the order of their IDs.

What an index answers picks the rows of a window; conditions that no index answers are checked on each of them. So no
statement runs without limit, and the next window continues behind the last row looked at: nothing is left out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from app.access.narrowing import EVERYTHING, Narrowing
from app.database.database import Database, Statements
from app.delivery_filter import (
    Condition,
    DeliveryFilter,
    narrow_conditions,
    of_statuses,
    reads_events,
    search_conditions,
)
from app.errors import UserErrorCode, rejected
from app.operations.begin import require_few
from app.operations.progress import BATCH
from app.operations.selection import Statement, counted, numbered, picked

# Rows of a window: a few milliseconds, the same where each row's event has to be read.
LOOKED = 5_000
LOOKED_WITH_EVENTS = BATCH
# This many events are read within a few seconds, which is as long as anyone waits for the number of matches.
MAX_EVENTS_READ = 100_000

_COLUMNS = "id, webhook_id, event_id, event_type, test, last_outcome, last_response_status"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Deliveries to work on, the ID of the last row looked at, and whether there are no rows behind it."""

    ids: Sequence[str]
    position: str | None
    ended: bool


async def choose(
    statements: Statements,
    workspace_id: str,
    asked: DeliveryFilter,
    before: str,
    position: str | None,
    most: int,
    narrowing: Narrowing = EVERYTHING,
) -> Chosen:
    """The next deliveries that a filter with statuses means, from one window.

    Args:
        before: only rows with IDs before this one.
        position: the last row looked at so far.
        most: how many to choose.
        narrowing: what the token that began the operation sees.
    """
    sought = _sought(asked, narrowing)
    size = _window(asked) if sought else most
    looked = _looked(workspace_id, asked, before, position, size, narrowing)
    if looked is None:
        return Chosen((), position, ended=True)
    text, values = looked
    meets, given = numbered(sought, len(values))
    select = f"SELECT id, {f'CASE WHEN {meets} THEN 1 ELSE 0 END' if sought else '1'} AS meets FROM ({text})"
    rows = sorted(await statements.fetch(f"{select} AS delivery", *values, *given), key=itemgetter("id"))
    ids = [row["id"] for row in rows if row["meets"]]
    if len(ids) > most:
        return Chosen(ids[:most], ids[most - 1], ended=False)
    return Chosen(ids, rows[-1]["id"] if rows else position, ended=len(rows) < size)


async def count_by_webhook(
    database: Database, workspace_id: str, asked: DeliveryFilter, before: str, narrowing: Narrowing = EVERYTHING
) -> Mapping[str, int]:
    """How many deliveries a filter with statuses means, by the ID of their webhook.

    Raises:
        Rejected: TOO_MANY match, or would have to be searched.
    """
    if _sought(asked, narrowing):
        return await _count_in_windows(database, workspace_id, asked, before, narrowing)
    lanes = _lanes(workspace_id, asked, [("id < ?", (before,))], narrowing)
    if not lanes:
        return {}
    text, values = counted("delivery", lanes, by="webhook_id")
    by_webhook = {row["webhook_id"]: int(row["matched"]) for row in await database.fetch(text, *values)}
    require_few(sum(by_webhook.values()), "deliveries", "filter")
    return by_webhook


async def _count_in_windows(
    database: Database, workspace_id: str, asked: DeliveryFilter, before: str, narrowing: Narrowing
) -> Mapping[str, int]:
    matched, looked_at, position = Counter[str](), 0, None
    while looked := _looked(workspace_id, asked, before, position, LOOKED, narrowing):
        text, values = looked
        meets, given = numbered(_sought(asked, narrowing), len(values))
        rows = await database.fetch(
            f"SELECT webhook_id, count(*) AS looked, sum(CASE WHEN {meets} THEN 1 ELSE 0 END) AS matched,"
            f" max(id) AS last_id FROM ({text}) AS delivery GROUP BY webhook_id",
            *values,
            *given,
        )
        matched.update({row["webhook_id"]: int(row["matched"]) for row in rows})
        in_window = sum(int(row["looked"]) for row in rows)
        looked_at += in_window
        require_few(matched.total(), "deliveries", "filter")
        if in_window < LOOKED:
            break
        _require_few_events(asked, looked_at)
        position = max(row["last_id"] for row in rows)
    return matched


def _require_few_events(asked: DeliveryFilter, looked_at: int) -> None:
    if reads_events(asked) and looked_at >= MAX_EVENTS_READ:
        message = (
            f"More than {MAX_EVENTS_READ} events would have to be read to search them; narrow the filter by time,"
            " webhook or status, and do it in several parts."
        )
        raise rejected(UserErrorCode.TOO_MANY, message, "filter")


def _window(asked: DeliveryFilter) -> int:
    return LOOKED_WITH_EVENTS if reads_events(asked) else LOOKED


def _sought(asked: DeliveryFilter, narrowing: Narrowing) -> list[Condition]:
    """What has to be checked row by row."""
    return [*search_conditions(asked), *Narrowing(event_types=narrowing.event_types).conditions("delivery")]


def _looked(
    workspace_id: str, asked: DeliveryFilter, before: str, position: str | None, size: int, narrowing: Narrowing
) -> Statement | None:
    """The statement of a window's rows; None if the filter means no status."""
    after: list[Condition] = [] if position is None else [("id > ?", (position,))]
    lanes = _lanes(workspace_id, asked, [*after, ("id < ?", (before,))], narrowing)
    return picked("delivery", _COLUMNS, lanes, size) if lanes else None


def _lanes(
    workspace_id: str, asked: DeliveryFilter, further: Sequence[Condition], narrowing: Narrowing
) -> list[list[Condition]]:
    """The conditions that an index answers, one lane for each status."""
    shared: list[Condition] = [
        ("workspace_id = ?", (workspace_id,)),
        ("NOT test", ()),
        *narrow_conditions(replace(asked, statuses=None)),
        *Narrowing(webhook_ids=narrowing.webhook_ids).conditions("delivery"),
        *further,
    ]
    return [[*shared, *of_statuses([status])] for status in asked.statuses or ()]
