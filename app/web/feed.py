"""GET /feed/{webhookId}: a webhook's feed over plain HTTP, for receivers that fetch missed events.

    after   return items after this number (default 0)
    first   maximum number of items (0 to 100; default 100)
    wait    if there is none yet, wait for one, in seconds (0 to 30; default 0)

The answer is that of `Webhook.feed`, as JSON. An item's `event` is the payload as sent, with the other fields of the
event beside it. A wait ends with the commit that adds an item, through the updates bus, without querying the database
meanwhile.
"""

import asyncio
from contextlib import aclosing
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.access.caller import Caller
from app.clock import rfc3339_at
from app.errors import AccessDenied
from app.feed import MAX_ITEMS, Feed, FeedAsked, FeedItem, read_feeds
from app.ids import WEBHOOK, is_id
from app.resources import Resources
from app.statuses import DeliveryStatus, Scope
from app.updates.bus import Batch
from app.updates.update import Topic
from app.web.json_answers import REFUSALS, counted_caller, json_answer, refusal
from graph.credentials import credential
from graph.errors import BadUserInput
from graph.http import address_of
from graph.pace import Pace
from graph.waiting import disconnected

MAX_WAIT_SECONDS = 30
_DEFAULT_AFTER = 0
_MAX_PLACE = 2**63 - 1
# As much as the same page costs over GraphQL, with all fields of an item.
_COST_OF_PAGE, _COST_OF_ITEM = 5, 9


class NoSuchFeed(Exception):
    """No webhook of the caller has this ID."""


def feed_route(resources: Resources) -> Route:
    """The route of feeds."""

    async def feed(request: Request) -> Response:
        try:
            return json_answer(_content(await _answer(resources, request)))
        except NoSuchFeed as error:
            return json_answer({"errors": [{"message": str(error), "extensions": {"code": "NOT_FOUND"}}]}, 404)
        except REFUSALS as error:
            return refusal(error)

    return Route("/feed/{webhook_id}", feed, methods=["GET"])


async def _answer(resources: Resources, request: Request) -> Feed:
    """The page that a request asks for.

    Raises:
        AccessDenied: the caller may not read it, or asks for too much.
        BadUserInput: a parameter is invalid.
        NoSuchFeed: there is no such webhook.
    """
    caller = await counted_caller(resources, request)
    caller.require(Scope.FEED, Scope.READ)
    asked = FeedAsked(
        request.path_params["webhook_id"],
        _number(request, "after", _DEFAULT_AFTER, _MAX_PLACE),
        _number(request, "first", MAX_ITEMS, MAX_ITEMS),
    )
    wait_seconds = _number(request, "wait", 0, MAX_WAIT_SECONDS)
    if caller.api_key_id is not None:
        resources.rates.cost.take(caller.api_key_id, _COST_OF_PAGE + _COST_OF_ITEM * asked.most)
    feed = await _read(resources, caller, asked)
    if _has_news(feed, asked) or not (wait_seconds and asked.most):
        return feed
    with resources.open_streams.held(credential(request), address_of(request)) as denied:
        return await _first_news(resources, request, caller, asked, wait_seconds, denied)


async def _first_news(
    resources: Resources,
    request: Request,
    caller: Caller,
    asked: FeedAsked,
    wait_seconds: int,
    denied: asyncio.Future[AccessDenied],
) -> Feed:
    """The page once it has a new item, or as it is when the time is over, the client has disconnected or the server
    closes.

    Raises:
        AccessDenied: the credentials were revoked meanwhile, or have expired.
    """
    # What a DISABLED webhook misses is announced by itself: there is no delivery of it.
    news = [asyncio.ensure_future(_news(resources, caller, asked, topic)) for topic in (Topic.DELIVERIES, Topic.FEEDS)]
    gone = asyncio.ensure_future(disconnected(request.receive))
    try:
        waiting: list[asyncio.Future[Any]] = [*news, gone, denied]
        await asyncio.wait(waiting, timeout=wait_seconds, return_when=asyncio.FIRST_COMPLETED)
        if denied.done():
            raise denied.result()
        return next((task.result() for task in news if task.done()), None) or await _read(resources, caller, asked)
    finally:
        for task in (*news, gone):
            task.cancel()
        await asyncio.wait([*news, gone])


async def _news(resources: Resources, caller: Caller, asked: FeedAsked, topic: Topic) -> Feed:
    """Wait for a page with a new item."""
    updates = resources.updates
    pace = Pace(1, lambda: updates.followers)
    async with aclosing(updates.follow(topic, caller.workspace_id)) as batches:
        # Follow first and read afterwards, so that a commit in between is in both, and none is in neither.
        async for batch in batches:
            if _may_have_news(batch, asked.webhook_id):
                feed = await _read(resources, caller, asked)
                if _has_news(feed, asked):
                    return feed
            else:
                await pace.after_nothing()
    return await _read(resources, caller, asked)  # the bus has closed


def _may_have_news(batch: Batch, webhook_id: str) -> bool:
    """Whether a delivery to the webhook may be new; the first batch, which may be empty, and a gap say nothing."""
    if batch.gap or not batch.updates:
        return True
    return any(
        update.webhook_id == webhook_id and update.status in {DeliveryStatus.PENDING, None}
        for _, update in batch.updates
    )


def _has_news(feed: Feed, asked: FeedAsked) -> bool:
    """Whether the page has an item, or another position to continue from."""
    return bool(feed.items) or feed.next != asked.beyond


async def _read(resources: Resources, caller: Caller, asked: FeedAsked) -> Feed:
    webhook_id = asked.webhook_id
    found = {}
    if is_id(WEBHOOK, webhook_id):
        found = await read_feeds(
            resources.database, caller.workspace_id, [asked], for_receivers=True, narrowing=caller.narrowing
        )
    if asked not in found:
        raise NoSuchFeed(f"No webhook has the id {webhook_id[:64]!r}; give the id of one in this workspace.")
    return found[asked]


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most:
        return int(text)
    raise BadUserInput(f"The parameter {name} is {text[:40]!r}; it must be a whole number from 0 to {most}.")


def _content(feed: Feed) -> dict[str, Any]:
    return {
        "items": [_item(item) for item in feed.items],
        "next": feed.next,
        "end": feed.end,
        "expiredBefore": feed.expired_before,
    }


def _item(item: FeedItem) -> dict[str, Any]:
    event = item.event
    return {
        "sequence": item.sequence,
        "status": item.status,
        "event": {
            **orjson.loads(event.body or "{}"),
            "occurredAt": rfc3339_at(event.occurred_at),
            "createdAt": rfc3339_at(event.created_at),
            "orderingKey": event.ordering_key,
            **({} if event.erased_at is None else {"erasedAt": rfc3339_at(event.erased_at)}),
        },
    }
