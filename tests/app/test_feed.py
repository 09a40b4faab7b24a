"""On both databases: a feed has every number once and in order, and says what was deleted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.delivery_filter import TimeRange
from app.feed import Feed, FeedAsked, read_feeds
from app.operations.replay import replay_events
from app.retention.prune import Retention
from app.stats.periods import close_periods
from app.webhooks.lifecycle import pause_webhook
from tests.app.operations.desk import Desk, open_desk
from tests.clock import FakeClock

EVENTS_DAYS = timedelta(days=30)


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    async with open_desk(database_url, tmp_path, clock) as opened:
        yield opened


async def feed(desk: Desk, webhook_id: str, after: int = 0, first: int = 100) -> Feed:
    caller = desk.domain.caller
    asked = FeedAsked(webhook_id, after, first)
    return (await read_feeds(desk.domain.resources.database, caller.workspace_id, [asked]))[asked]


async def forget(desk: Desk) -> None:
    """Let retention delete what is old enough."""
    while await close_periods(desk.domain.resources.database, desk.domain.resources.clock):
        pass
    await Retention(desk.domain.resources, desk.domain.resources.metrics.pruned, rest_seconds=0).prune()


def places(found: Feed) -> list[int]:
    return [item.sequence for item in found.items]


def bounds(found: Feed) -> tuple[int, int, int]:
    return found.next, found.end, found.expired_before


async def test_a_feed_has_every_place_in_order_with_its_event_and_status(desk: Desk) -> None:
    webhook = await desk.webhook()
    await desk.webhook(event_types=["agent.*"])
    ids = await desk.publish(3)
    await desk.become("FAILED", event_id=ids[1])

    found = await feed(desk, webhook)

    assert [(item.sequence, item.event.id, item.status) for item in found.items] == [
        (1, ids[0], "PENDING"),
        (2, ids[1], "FAILED"),
        (3, ids[2], "PENDING"),
    ]
    assert bounds(found) == (3, 3, 1)


async def test_pages_follow_each_other_by_next_until_the_end(desk: Desk) -> None:
    webhook = await desk.webhook()
    await desk.publish(5)

    pages, after = [], 0
    while places(page := await feed(desk, webhook, after, 2)):
        pages.append(places(page))
        after = page.next

    assert pages == [[1, 2], [3, 4], [5]]
    assert bounds(page) == (5, 5, 1)


async def test_the_feed_of_a_webhook_without_deliveries_is_empty(desk: Desk) -> None:
    assert bounds(await feed(desk, await desk.webhook())) == (0, 0, 1)


async def test_a_page_of_nothing_says_where_the_end_is_and_leaves_the_place(desk: Desk) -> None:
    webhook = await desk.webhook()
    await desk.publish(3)

    assert bounds(await feed(desk, webhook, 1, 0)) == (1, 3, 1)


async def test_a_place_beyond_the_end_leads_back_to_it(desk: Desk) -> None:
    webhook = await desk.webhook()
    await desk.publish(3)

    assert bounds(await feed(desk, webhook, 99)) == (3, 3, 1)


async def test_a_paused_webhook_has_its_feed(desk: Desk) -> None:
    webhook = await desk.webhook()
    await pause_webhook(desk.domain.resources, desk.domain.caller, webhook)
    await desk.publish(2)

    assert places(await feed(desk, webhook)) == [1, 2]


async def test_feeds_of_many_webhooks_are_read_at_once_each_with_its_own_bounds(desk: Desk) -> None:
    tickets, agents = await desk.webhook(), await desk.webhook(event_types=["*"])
    await desk.publish(3)
    asked = [FeedAsked(tickets, 1, 1), FeedAsked(agents, 0, 100), FeedAsked(agents, 3, 5)]

    found = await read_feeds(desk.domain.resources.database, desk.domain.caller.workspace_id, asked)

    assert [places(found[one]) for one in asked] == [[2], [1, 2, 3], []]


async def test_a_webhook_of_another_workspace_has_none(desk: Desk) -> None:
    asked = FeedAsked(await desk.webhook(), 0, 100)
    await desk.publish()

    assert await read_feeds(desk.domain.resources.database, desk.domain.stranger.workspace_id, [asked]) == {}


async def test_what_was_forgotten_is_below_expired_before_and_what_is_left_is_still_there(desk: Desk) -> None:
    webhook, other = await desk.webhook(), await desk.webhook()
    [open_, *_] = await desk.publish(5)
    await desk.become("SUCCEEDED")
    await desk.become("PENDING", event_id=open_, webhook_id=webhook)
    desk.domain.clock.advance(EVENTS_DAYS / 2)
    await desk.publish(2)
    await desk.become("PENDING", event_id=open_, webhook_id=webhook)

    desk.domain.clock.advance(EVENTS_DAYS / 2 + timedelta(hours=1))
    await forget(desk)
    found, of_other = await feed(desk, webhook), await feed(desk, other)

    # The first is open, and keeps its event and all of its deliveries; the four after it are deleted.
    assert (places(found), bounds(found)) == ([1, 6, 7], (7, 7, 6))
    assert (places(of_other), bounds(of_other)) == ([1, 6, 7], (7, 7, 6))


async def test_where_all_was_forgotten_the_feed_goes_on_at_its_end(desk: Desk) -> None:
    webhook = await desk.webhook()
    await desk.publish(4)
    await desk.become("SUCCEEDED")
    desk.domain.clock.advance(EVENTS_DAYS + timedelta(hours=1))
    await forget(desk)

    found = await feed(desk, webhook, 1)

    assert (places(found), bounds(found)) == ([], (4, 4, 5))


async def test_an_old_event_that_was_replayed_and_forgotten_expires_all_before_it(desk: Desk) -> None:
    await desk.publish()
    webhook = await desk.webhook()
    desk.domain.clock.advance(EVENTS_DAYS / 2)
    await desk.publish(2)
    caller, resources = desk.domain.caller, desk.domain.resources
    await desk.done(await replay_events(resources, caller, webhook, TimeRange(None, None), only_missing=True))
    await desk.become("SUCCEEDED")

    desk.domain.clock.advance(EVENTS_DAYS / 2 + timedelta(hours=1))
    before = await feed(desk, webhook)
    desk.domain.clock.advance(EVENTS_DAYS)
    await desk.publish()
    await forget(desk)
    after = await feed(desk, webhook)

    assert (places(before), bounds(before)) == ([1, 2, 3], (3, 3, 1))
    assert (places(after), bounds(after)) == ([4], (4, 4, 4))
