"""Watching things live. Needs READ; a key that is revoked or expires ends what runs on it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated

import strawberry

from app.statuses import Scope
from app.updates.bus import Batch
from app.updates.update import Topic, Update
from graph.arguments import OfDeliveries, given
from graph.context import Context, Info
from graph.errors import BadUserInput
from graph.finding import find_webhook
from graph.following import follow, paced, wanted_by, while_allowed
from graph.types.delivery_update import DeliveryUpdate, DeliveryUpdates
from graph.types.webhook import Webhook

DEFAULT_PER_SECOND = 10
MAX_PER_SECOND = 50
# Who wants nothing of what happens still learns the cursor this often, or it would be too old once something comes.
CURSOR_SECONDS = 10.0

_AFTER = strawberry.argument(
    description="A cursor of an earlier message: goes on right after it. Null or left out: from now on."
)
_PER_SECOND = strawberry.argument(description=f"How many messages may come in a second: 1 to {MAX_PER_SECOND}.")
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
        pause = 1 / _checked_rate(max_per_second)
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


def _checked_rate(per_second: int | None) -> int:
    rate = DEFAULT_PER_SECOND if per_second is None else per_second
    if not 1 <= rate <= MAX_PER_SECOND:
        raise BadUserInput(f"The argument maxPerSecond is {rate}; it must be between 1 and {MAX_PER_SECOND}.")
    return rate
