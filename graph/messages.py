"""The messages of each subscription. Each message loads its data afresh."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TypeVar

from strawberry.dataloader import DataLoader

from app.database.errors import DatabaseUnavailable
from app.updates.bus import Batch
from app.updates.cursor import Cursor, parse_cursor
from app.updates.update import Update
from graph.context import Context
from graph.pace import Pace
from graph.stream_state import Told
from graph.types.changes import OperationChanges, WebhookChange, WebhookChanges
from graph.types.delivery_update import DeliveryUpdate, DeliveryUpdates
from graph.types.operation import Operation
from graph.types.stats import DeliveryStats

Stored = TypeVar("Stored")
Subject = TypeVar("Subject")

# A follower whose filter matches nothing still gets a cursor this often, so that its own does not become too old.
CURSOR_SECONDS = 10.0


async def stats_messages(
    context: Context, first: DeliveryStats, measured: Callable[[], Awaitable[DeliveryStats]], seconds: float
) -> AsyncGenerator[DeliveryStats, None]:
    """The first measurement, and then a new one at an interval for as long as the caller may read. A measurement that
    the database cannot make at the moment is left out.
    """
    state, clock = context.stream, asyncio.get_running_loop().time
    state.pause_seconds = seconds
    state.told = _measured_at(clock())
    yield first
    while True:
        await asyncio.sleep(seconds)
        try:
            if not state.shared:
                await context.authenticate_again()
            stats = await measured()
        except DatabaseUnavailable:
            continue
        state.told = _measured_at(clock())
        yield stats


async def delivery_messages(
    context: Context,
    batches: AsyncGenerator[Batch, None],
    wanted: Callable[[Update], bool],
    pace: Pace,
    cursor_seconds: float = CURSOR_SECONDS,
) -> AsyncGenerator[DeliveryUpdates, None]:
    """The messages of `deliveryUpdates`; see `_messages`."""

    def built(batch: Batch) -> DeliveryUpdates:
        updates = [DeliveryUpdate.of(cursor, update) for cursor, update in batch.updates]
        return DeliveryUpdates(updates=updates, cursor=batch.cursor, gap=batch.gap)

    async with aclosing(_messages(context, batches, wanted, pace, cursor_seconds)) as messages:
        async for batch in messages:
            yield built(batch)


async def webhook_messages(
    context: Context, batches: AsyncGenerator[Batch, None], webhook_id: str | None, pace: Pace
) -> AsyncGenerator[WebhookChanges, None]:
    """The messages of `webhookChanges`, of one webhook or all; see `_messages`."""
    wanted = _of_subject(webhook_id)
    async with aclosing(_messages(context, batches, wanted, pace, CURSOR_SECONDS)) as messages:
        async for batch in messages:
            updates = [WebhookChange.of(cursor, update) for cursor, update in batch.updates]
            yield WebhookChanges(updates=updates, cursor=batch.cursor, gap=batch.gap)


async def operation_messages(
    context: Context, batches: AsyncGenerator[Batch, None], pace: Pace
) -> AsyncGenerator[OperationChanges, None]:
    """The messages of `operationChanges`: each operation that changed once, as it is now; see `_messages`."""
    async with aclosing(_messages(context, batches, _of_subject(None), pace, CURSOR_SECONDS)) as messages:
        async for batch in messages:
            changed = list(dict.fromkeys(update.subject_id for _, update in batch.updates))
            found = await context.loaders.operations.load_many(changed)
            operations = [Operation.from_model(model) for model in found if model is not None]
            yield OperationChanges(operations=operations, cursor=batch.cursor, gap=batch.gap)


async def _messages(
    context: Context,
    batches: AsyncGenerator[Batch, None],
    wanted: Callable[[Update], bool],
    pace: Pace,
    cursor_seconds: float,
) -> AsyncGenerator[Batch, None]:
    """The wanted updates of each batch, if there are any; also for the first batch, for each gap, and periodically.

    Only messages with updates count against the pace.
    """
    state, clock = context.stream, asyncio.get_running_loop().time
    silent_until = clock() + (0.0 if state.after is None else cursor_seconds)
    async with aclosing(batches):
        async for batch in batches:
            at = clock()
            updates = tuple(found for found in batch.updates if wanted(found[1]))
            if updates or batch.gap or clock() >= silent_until:
                context.forget()
                first, end = (
                    parse_cursor(cursor) for cursor in (updates[0][0] if updates else batch.cursor, batch.cursor)
                )
                state.told = Told(first, end, batch.gap, at)
                yield replace(batch, updates=updates)
                silent_until = clock() + cursor_seconds
            await (pace.after_message() if updates else pace.after_nothing())


def _of_subject(subject_id: str | None) -> Callable[[Update], bool]:
    return lambda update: subject_id is None or update.subject_id == subject_id


def _measured_at(at: float) -> Told:
    """What a measurement covers: each is complete for every follower without a newer one."""
    now = Cursor(0, int(at * 1_000_000))
    return Told(now, now, gap=False, at=at, since=Cursor(0, 0))


async def subject_messages(
    context: Context,
    batches: AsyncGenerator[Batch, None],
    loader: Callable[[Context], DataLoader[str, Stored | None]],
    build: Callable[[Stored], Subject],
    wanted_id: str | None,
) -> AsyncGenerator[Subject, None]:
    """A message for each object that changed in a batch, in its current state; only for `wanted` if that is given."""
    async with aclosing(batches):
        async for batch in batches:
            changed = dict.fromkeys(update.subject_id for _, update in batch.updates)
            for subject_id in changed if wanted_id is None else changed.keys() & {wanted_id}:
                context.forget()
                found = await loader(context).load(subject_id)
                if found is not None:
                    yield build(found)
