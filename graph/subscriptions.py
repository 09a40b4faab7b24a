"""The root type of subscriptions. Requires READ; if a key is revoked or expires, its subscriptions end."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Annotated

import strawberry

from app.ids import WEBHOOK, is_id
from app.stats.measure import measure
from app.statuses import Scope
from app.updates.update import Topic
from graph.arguments import OfDeliveries, given
from graph.context import Context, Info
from graph.errors import BadUserInput
from graph.finding import find_event, find_operation, find_webhook
from graph.following import follow, matching, still_there, wanted_by, while_allowed
from graph.inputs.filters import DeliveryFilter
from graph.messages import (
    delivery_messages,
    operation_messages,
    stats_messages,
    subject_messages,
    webhook_messages,
)
from graph.pace import Pace
from graph.types.changes import OperationChanges, WebhookChanges
from graph.types.delivery_update import DeliveryUpdates
from graph.types.operation import Operation
from graph.types.records import Webhook
from graph.types.stats import DeliveryStats

DEFAULT_PER_SECOND = 10
# Each message costs an execution. Under load, messages get bigger rather than more frequent.
MAX_PER_SECOND = 200

DEFAULT_EVERY_SECONDS = 1
DEFAULT_WINDOW_SECONDS = 60
# Up to this length, statistics are exact and current.
MAX_SECONDS = 3_600
# Enough for a line on a screen.
MAX_POINTS = 60

_AFTER = strawberry.argument(
    description="Resumes right after this cursor of an earlier message; starts with new updates if null or omitted."
)
_PER_SECOND = strawberry.argument(
    description=f"Maximum number of messages per second, 1 or more. The server sends at most {MAX_PER_SECOND}."
)
_OPERATION_ID = strawberry.argument(
    description="Follows only this operation; all operations of the workspace if null or omitted."
)
_EVERY = strawberry.argument(description=f"Interval between messages, in seconds: 1 to {MAX_SECONDS}.")
_WINDOW = strawberry.argument(
    description=f"Length of the measured time range up to now, in seconds: 1 to {MAX_SECONDS}."
)
_WEBHOOK_ID = strawberry.argument(
    description="Follows only this webhook; all webhooks of the workspace if null or omitted."
)


@strawberry.type(description="Live updates over graphql-transport-ws or SSE. Needs READ.")
class Subscription:
    @strawberry.subscription(
        description="Follows deliveries as they are created, attempted and completed. The first message arrives at"
        " once, to provide a cursor."
    )
    async def delivery_updates(
        self,
        info: Info,
        filter: OfDeliveries = strawberry.UNSET,
        after: Annotated[str | None, _AFTER] = strawberry.UNSET,
        max_per_second: Annotated[int | None, _PER_SECOND] = DEFAULT_PER_SECOND,
    ) -> AsyncGenerator[DeliveryUpdates, None]:
        context, asked = _watching(info), given(filter)
        filter_ = asked.few() if asked else None
        wanted = wanted_by(filter_)
        per_second = min(_checked("maxPerSecond", max_per_second, DEFAULT_PER_SECOND), MAX_PER_SECOND)
        await _require_known(context, asked)
        batches = while_allowed(context, follow(context, Topic.DELIVERIES, given(after)))
        matched = matching(context, batches, filter_, wanted)
        return delivery_messages(context, still_there(context, matched), wanted, _pace(context, per_second))

    @strawberry.subscription(
        description="Follows webhooks as they are created, changed, paused, disabled and deleted, with cursors. The"
        " first message arrives at once, to provide a cursor. An ID that does not exist or belongs to another workspace"
        " is an error (BAD_USER_INPUT)."
    )
    async def webhook_changes(
        self,
        info: Info,
        webhook_id: Annotated[strawberry.ID | None, _WEBHOOK_ID] = strawberry.UNSET,
        after: Annotated[str | None, _AFTER] = strawberry.UNSET,
    ) -> AsyncGenerator[WebhookChanges, None]:
        context, wanted = _watching(info), given(webhook_id)
        await _require_webhook(context, "webhookId", wanted)
        batches = while_allowed(context, follow(context, Topic.WEBHOOKS, given(after)))
        return webhook_messages(context, batches, wanted, _pace(context, DEFAULT_PER_SECOND))

    @strawberry.subscription(
        description="Follows operations as they start, progress and end, with cursors. The first message arrives at"
        " once, to provide a cursor."
    )
    async def operation_changes(
        self, info: Info, after: Annotated[str | None, _AFTER] = strawberry.UNSET
    ) -> AsyncGenerator[OperationChanges, None]:
        context = _watching(info)
        batches = while_allowed(context, follow(context, Topic.OPERATIONS, given(after)))
        return operation_messages(context, batches, _pace(context, DEFAULT_PER_SECOND))

    @strawberry.subscription(
        description="Follows webhooks as they are created, changed, paused, disabled and deleted. An ID that does not"
        " exist or belongs to another workspace is an error (BAD_USER_INPUT).",
        deprecation_reason="Use `webhookChanges`, which has cursors and kinds of change.",
    )
    async def webhook_updates(
        self, info: Info, webhook_id: Annotated[strawberry.ID | None, _WEBHOOK_ID] = strawberry.UNSET
    ) -> AsyncGenerator[Webhook, None]:
        context, wanted = _watching(info), given(webhook_id)
        await _require_webhook(context, "webhookId", wanted)
        batches = while_allowed(context, follow(context, Topic.WEBHOOKS, None))
        return subject_messages(context, batches, lambda context: context.loaders.webhooks, Webhook.from_model, wanted)

    @strawberry.subscription(
        description="Follows operations as they start, progress and end. An ID that does not exist or belongs to"
        " another workspace is an error (BAD_USER_INPUT).",
        deprecation_reason="Use `operationChanges`, which has cursors.",
    )
    async def operation_updates(
        self, info: Info, operation_id: Annotated[strawberry.ID | None, _OPERATION_ID] = strawberry.UNSET
    ) -> AsyncGenerator[Operation, None]:
        context, wanted = _watching(info), given(operation_id)
        if wanted is not None and await find_operation(context, wanted) is None:
            raise BadUserInput(f"The argument operationId is {wanted[:64]}, but no operation has this id.")
        batches = while_allowed(context, follow(context, Topic.OPERATIONS, None))
        return subject_messages(
            context, batches, lambda context: context.loaders.operations, Operation.from_model, wanted
        )

    @strawberry.subscription(
        description="Measures deliveries over a sliding time range up to now, at a fixed interval."
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


def _watching(info: Info) -> Context:
    """The context of a caller with READ; raises `Forbidden` for others."""
    info.context.caller.require(Scope.READ)
    return info.context


def _pace(context: Context, per_second: float) -> Pace:
    context.stream.catch_up_seconds = 1 / per_second
    return Pace(per_second, lambda: context.resources.updates.followers)


async def _require_webhook(context: Context, argument: str, webhook_id: str | None) -> None:
    if webhook_id is not None and await find_webhook(context, webhook_id) is None:
        raise BadUserInput(f"The argument {argument} is {webhook_id[:64]}, but no webhook has this id.")


async def _require_known(context: Context, asked: DeliveryFilter | None) -> None:
    """Refuse a filter with an unknown ID, because it would be silent forever. A deleted webhook's deliveries remain."""
    if asked is None or context.stream.after is not None:  # a resumed subscription was checked when it began
        return
    if asked.webhook_id is not None and (
        not is_id(WEBHOOK, asked.webhook_id) or await context.loaders.webhooks.load(asked.webhook_id) is None
    ):
        raise BadUserInput(f"The filter's webhookId is {asked.webhook_id[:64]}, but no webhook has this id.")
    if asked.event_id is not None and await find_event(context, asked.event_id) is None:
        raise BadUserInput(f"The filter's eventId is {asked.event_id[:64]}, but no event has this id.")


def _checked(name: str, value: int | None, default: int, limit: int | None = None) -> int:
    number = default if value is None else value
    if number < 1 or (limit is not None and number > limit):
        allowed = "1 or more" if limit is None else f"between 1 and {limit}"
        raise BadUserInput(f"The argument {name} is {number}; it must be {allowed}.")
    return number


async def _measured(context: Context, webhook_id: str | None, span: timedelta) -> DeliveryStats:
    until = context.resources.clock.now()
    buckets = min(MAX_POINTS, int(span.total_seconds()))
    return DeliveryStats.of(await measure(context.resources, context.caller, webhook_id, until - span, until, buckets))
