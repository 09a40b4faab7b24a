"""Filters and authorises the updates of a subscription.

Updates are pulled: the next batch is requested when the previous message has been sent, so a slow client holds one
message and gets bigger ones, or a gap.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta

from app.catalogue.patterns import compile_patterns
from app.clock import EPOCH, to_micros
from app.database.batch import Columns
from app.delivery_filter import Condition, DeliveryFilter, narrow_conditions, search_conditions
from app.ids import DELIVERY, lowest_id
from app.operations.selection import numbered
from app.updates.bus import Batch
from app.updates.cursor import Cursor, InvalidCursor, format_cursor, parse_cursor
from app.updates.update import Topic, Update
from graph.context import Context
from graph.errors import BadUserInput
from graph.seen import seen_updates

# However little is kept, statistics count it first, and they do so later than this (`app.stats.periods`).
CERTAINLY_KEPT = timedelta(minutes=5)

_IDS: Columns = (("changed_id", "text"),)


def follow(context: Context, topic: Topic, after: str | None) -> AsyncGenerator[Batch, None]:
    """Updates of the caller's workspace from now on or after a cursor, unless `context.stream` overrides that.

    Raises:
        BadUserInput: `after` is no cursor.
    """
    state = context.stream
    try:
        batches = context.resources.updates.follow(topic, context.caller.workspace_id, state.after or after)
    except InvalidCursor as error:
        raise BadUserInput(f"The argument after cannot be used: {error}") from None
    if state.until is not None:
        batches = up_to(state.until, batches)
    caller = context.caller
    return seen_updates(context.resources.database, caller, topic, batches) if caller.narrowing.is_narrowed else batches


async def up_to(end: Cursor, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """The same batches up to a cursor."""
    async with aclosing(batches):
        async for batch in batches:
            reached = parse_cursor(batch.cursor)
            if reached.epoch == end.epoch and reached > end:
                updates = tuple(found for found in batch.updates if parse_cursor(found[0]) <= end)
                yield Batch(updates, format_cursor(end), batch.gap)
            else:
                yield batch
            if reached >= end:
                return


async def while_allowed(context: Context, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """The same batches, for as long as the caller may receive them, which is checked before each. If a subscription is
    shared, `graph.sharing` checks each follower; while nothing happens, `app.access.open_streams` does.

    Raises:
        Unauthenticated: the key has been revoked or has expired.
        Forbidden: it lost the right to be used from this address.
    """
    async with aclosing(batches):
        async for batch in batches:
            if not context.stream.shared:
                await context.authenticate_again()
            yield batch


async def still_there(context: Context, batches: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """The same batches without updates of deliveries pruned since, which an old cursor may refer to."""
    async with aclosing(batches):
        async for batch in batches:
            kept_since = to_micros(context.resources.clock.now() - CERTAINLY_KEPT)
            old = {update.subject_id for _, update in batch.updates if update.at < kept_since}
            if old:
                found = zip(old, await context.loaders.deliveries.load_many(list(old)), strict=True)
                pruned = {delivery_id for delivery_id, delivery in found if delivery is None}
                updates = tuple(found for found in batch.updates if found[1].subject_id not in pruned)
                batch = replace(batch, updates=updates)
            yield batch


def wanted_by(asked: DeliveryFilter | None) -> Callable[[Update], bool]:
    """A predicate for updates of deliveries that match a filter, using only the update itself."""
    if asked is None:
        return lambda _: True
    conditions: list[Callable[[Update], bool]] = []
    if asked.webhook_id is not None:
        conditions.append(lambda update: update.webhook_id == asked.webhook_id)
    if asked.event_id is not None:
        conditions.append(lambda update: update.event_id == asked.event_id)
    if asked.event_types is not None and "*" not in asked.event_types:
        matcher = compile_patterns(asked.event_types)
        conditions.append(lambda update: matcher.matches(update.event_type or ""))
    if asked.statuses is not None:
        statuses = frozenset(asked.statuses)
        conditions.append(lambda update: update.status in statuses)
    if asked.time is not None:
        low, high = (_first_id(at) for at in (asked.time.since, asked.time.until))
        conditions.append(
            lambda update: (low is None or low <= update.subject_id) and (high is None or update.subject_id < high)
        )
    return lambda update: all(condition(update) for condition in conditions)


async def matching(
    context: Context,
    batches: AsyncGenerator[Batch, None],
    asked: DeliveryFilter | None,
    wanted: Callable[[Update], bool],
) -> AsyncGenerator[Batch, None]:
    """The same batches without updates of deliveries that do not meet what only rows can tell, as of now."""
    conditions = [] if asked is None else _of_rows(asked)
    statement, values = numbered([("NOT workspace_id <> ?", (context.caller.workspace_id,)), *conditions])
    select = f"SELECT delivery.id FROM {{rows}} AS changed JOIN delivery ON delivery.id = changed_id WHERE {statement}"
    async with aclosing(batches):
        async for batch in batches:
            if conditions:
                changed = {update.subject_id for _, update in batch.updates if wanted(update)}
                rows = [(id_,) for id_ in changed]
                found = await context.resources.database.fetch_rows(select, _IDS, rows, *values) if rows else []
                kept = {row["id"] for row in found}
                batch = replace(batch, updates=tuple(one for one in batch.updates if one[1].subject_id in kept))
            yield batch


def _of_rows(asked: DeliveryFilter) -> list[Condition]:
    """The conditions on rows that updates do not contain."""
    named = DeliveryFilter(ids=asked.ids, search=asked.search)
    return [*search_conditions(replace(asked, event_types=None)), *narrow_conditions(named)]


def _first_id(at: datetime | None) -> str | None:
    """The lowest ID of deliveries created at or after a time."""
    return None if at is None else lowest_id(DELIVERY, max(at, EPOCH))
