"""Watching things live. Needs READ; a key that is revoked or expires ends what runs on it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from typing import Annotated

import strawberry

from app.database.errors import DatabaseUnavailable
from app.stats.measure import measure
from app.statuses import Scope
from app.updates.bus import Batch
from app.updates.update import Topic, Update
from graph.arguments import OfDeliveries, given
from graph.context import Context, Info
from graph.errors import BadUserInput
from graph.finding import find_webhook
from graph.following import follow, paced, wanted_by, while_allowed
from graph.types.delivery_update import DeliveryUpdate, DeliveryUpdates
from graph.types.stats import DeliveryStats
from graph.types.webhook import Webhook

DEFAULT_PER_SECOND = 10
MAX_PER_SECOND = 50
# Who wants nothing of what happens still learns the cursor this often, or it would be too old once something comes.
CURSOR_SECONDS = 10.0

DEFAULT_EVERY_SECONDS = 1
DEFAULT_WINDOW_SECONDS = 60
# So much is measured to the second, and as it is now.
MAX_SECONDS = 3_600
# A line on a screen has no use for more.
MAX_POINTS = 60

_AFTER = strawberry.argument(
    description="A cursor of an earlier message: goes on right after it. Null or left out: from now on."
)
_PER_SECOND = strawberry.argument(description=f"How many messages may come in a second: 1 to {MAX_PER_SECOND}.")
_EVERY = strawberry.argument(description=f"Seconds between two messages: 1 to {MAX_SECONDS}.")
_WINDOW = strawberry.argument(description=f"How many seconds up to now are measured: 1 to {MAX_SECONDS}.")
_WEBHOOK_ID = strawberry.argument(description="Only this webhook; null or left out: all of the workspace.")


@strawberry.type(description="Watching things live, over graphql-transport-ws or SSE. Needs READ.")
class Subscription:
    @strawberry.subscription(
        description="Deliveries as they are made, tried and completed. The first message comes at once, for the cursor."
    )
    async def delivery_updates(
        self,
        info: Info,
        filter: OfDeliveries = strawberry.UNSET,
        after: Annotated[str | None, _AFTER] = strawberry.UNSET,
        max_per_second: Annotated[int | None, _PER_SECOND] = DEFAULT_PER_SECOND,
    ) -> AsyncGenerator[DeliveryUpdates, None]:
        context = _watching(info)
        pause = 1 / _checked("maxPerSecond", max_per_second, DEFAULT_PER_SECOND, MAX_PER_SECOND)
        batches = while_allowed(context, follow(context, Topic.DELIVERIES, given(after)))
        return delivery_messages(context, paced(batches, pause), wanted_by(given(filter)))

    @strawberry.subscription(
        description="Webhooks as they are made, changed, paused, disabled and deleted. An id that is nobody's, or in"
        " another workspace, is an error (BAD_USER_INPUT)."
    )
    async def webhook_updates(
        self, info: Info, webhook_id: Annotated[strawberry.ID | None, _WEBHOOK_ID] = strawberry.UNSET
    ) -> AsyncGenerator[Webhook, None]:
        context, wanted = _watching(info), given(webhook_id)
        if wanted is not None and await find_webhook(context, wanted) is None:
            raise BadUserInput(f"The argument webhookId is {wanted[:64]}, but no webhook has this id.")
        return webhook_messages(context, while_allowed(context, follow(context, Topic.WEBHOOKS, None)), wanted)

    @strawberry.subscription(
        description="How deliveries have been doing in the time up to now, measured again and again."
    )
    async def delivery_stats(
        self,
        info: Info,
        webhook_id: Annotated[strawberry.ID | None, _WEBHOOK_ID] = strawberry.UNSET,
        every_seconds: Annotated[int | None, _EVERY] = DEFAULT_EVERY_SECONDS,
        window_seconds: Annotated[int | None, _WINDOW] = DEFAULT_WINDOW_SECONDS,
    ) -> AsyncGenerator[DeliveryStats, None]:
        context = _watching(info)
        every = _checked("everySeconds", every_seconds, DEFAULT_EVERY_SECONDS, MAX_SECONDS)
        span = timedelta(seconds=_checked("windowSeconds", window_seconds, DEFAULT_WINDOW_SECONDS, MAX_SECONDS))
        first = await _measured(context, given(webhook_id), span)
        return stats_messages(context, first, lambda: _measured(context, given(webhook_id), span), every)


async def stats_messages(
    context: Context, first: DeliveryStats, measured: Callable[[], Awaitable[DeliveryStats]], seconds: float
) -> AsyncGenerator[DeliveryStats, None]:
    """What was measured first, and then again every so often for as long as the caller may know. A measurement that the
    database does not allow for now is left out."""
    yield first
    while True:
        await asyncio.sleep(seconds)
        try:
            await context.authenticate_again()
            stats = await measured()
        except DatabaseUnavailable:
            continue
        yield stats


async def delivery_messages(
    context: Context,
    batches: AsyncGenerator[Batch, None],
    wanted: Callable[[Update], bool],
    cursor_seconds: float = CURSOR_SECONDS,
) -> AsyncGenerator[DeliveryUpdates, None]:
    """A message for each batch that has something wanted, for the first, for each gap, and otherwise now and then."""
    clock = asyncio.get_running_loop().time
    silent_until = clock()
    async with aclosing(batches):
        async for batch in batches:
            updates = [DeliveryUpdate.of(cursor, update) for cursor, update in batch.updates if wanted(update)]
            if updates or batch.gap or clock() >= silent_until:
                context.forget()
                yield DeliveryUpdates(updates=updates, cursor=batch.cursor, gap=batch.gap)
                silent_until = clock() + cursor_seconds


async def webhook_messages(
    context: Context, batches: AsyncGenerator[Batch, None], webhook_id: str | None
) -> AsyncGenerator[Webhook, None]:
    """A message for each webhook that changed in a batch, as it is now."""
    async with aclosing(batches):
        async for batch in batches:
            changed = dict.fromkeys(update.subject_id for _, update in batch.updates)
            for subject_id in changed if webhook_id is None else changed.keys() & {webhook_id}:
                context.forget()
                webhook = await context.loaders.webhooks.load(subject_id)
                if webhook is not None:
                    yield webhook


def _watching(info: Info) -> Context:
    """The context of a caller who may watch; raises `Forbidden` for others."""
    info.context.caller.require(Scope.READ)
    return info.context


def _checked(name: str, value: int | None, default: int, limit: int) -> int:
    number = default if value is None else value
    if not 1 <= number <= limit:
        raise BadUserInput(f"The argument {name} is {number}; it must be between 1 and {limit}.")
    return number


async def _measured(context: Context, webhook_id: str | None, span: timedelta) -> DeliveryStats:
    until = context.resources.clock.now()
    buckets = min(MAX_POINTS, int(span.total_seconds()))
    return DeliveryStats.of(await measure(context.resources, context.caller, webhook_id, until - span, until, buckets))
