"""What a narrowed token sees of lists, of rows that are sought by their IDs, and of updates.

The conditions are those of `app.access.narrowing`. They add nothing to a statement for a caller that is not narrowed.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from app.access.caller import Caller
from app.access.narrowing import Narrowing
from app.database.batch import Columns
from app.database.database import Database
from app.updates.bus import Batch
from app.updates.update import Topic, Update
from graph.cursors import Window
from graph.pagination import Listing, Page, fetch_page
from graph.rows import RowType

_IDS: Columns = (("asked_id", "text"),)


def seen(caller: Caller, listing: Listing[RowType]) -> Listing[RowType]:
    """The part of a list that a caller sees."""
    for text, values in caller.narrowing.conditions(listing.table):
        listing = listing.where(text, *values)
    return listing


def searched(caller: Caller, listing: Listing[RowType]) -> Listing[RowType]:
    """The same for lists of a whole workspace, where what no index answers is looked for row by row."""
    narrowing = caller.narrowing
    by_index = Narrowing(webhook_ids=narrowing.webhook_ids)
    if listing.table == "delivery":
        listing = seen(replace(caller, narrowing=by_index), listing)
        conditions = Narrowing(event_types=narrowing.event_types).conditions("delivery")
    elif listing.table == "event":
        conditions = narrowing.conditions("event")
    else:
        return seen(caller, listing)
    for text, values in conditions:
        listing = listing.where_sought(text, *values)
    return listing


async def fetch_seen(database: Database, caller: Caller, listing: Listing[RowType], asked: Window) -> Page[RowType]:
    """Read one page of what the caller sees of a list."""
    return await fetch_page(database, searched(caller, listing), asked)


async def seen_ids(database: Database, caller: Caller, table: str, ids: Sequence[str]) -> list[str]:
    """Those of some IDs of a table whose rows a narrowed caller sees; all of them for other callers."""
    if not caller.narrowing.is_narrowed:
        return list(ids)
    condition, values = caller.narrowing.and_sql(table, after=1)
    statement = f"SELECT {table}.id FROM {table} JOIN {{rows}} AS asked ON {table}.id = asked.asked_id"
    rows = await database.fetch_rows(
        f"{statement} WHERE workspace_id = $1{condition}", _IDS, [(id_,) for id_ in ids], caller.workspace_id, *values
    )
    return [row["id"] for row in rows]


async def seen_updates(
    database: Database, caller: Caller, topic: Topic, batches: AsyncGenerator[Batch, None]
) -> AsyncGenerator[Batch, None]:
    """The same batches with only those updates whose subjects the caller sees."""
    async with aclosing(batches):
        async for batch in batches:
            visible = await _visible(database, caller, topic, [update for _, update in batch.updates])
            yield replace(batch, updates=tuple(found for found in batch.updates if found[1] in visible))


async def _visible(database: Database, caller: Caller, topic: Topic, updates: Sequence[Update]) -> set[Update]:
    narrowing = caller.narrowing
    if topic is Topic.OPERATIONS:
        ids = list(dict.fromkeys(update.subject_id for update in updates))
        known = set(await seen_ids(database, caller, "operation", ids))
        return {update for update in updates if update.subject_id in known}
    seen_here = {update for update in updates if narrowing.sees_webhook(update.webhook_id)}
    if topic is Topic.WEBHOOKS:
        return seen_here
    return {update for update in seen_here if narrowing.sees_type(update.event_type)}
