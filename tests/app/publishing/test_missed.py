"""On both databases: what a DISABLED webhook misses is counted, listed by place, and sent by a replay."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.delivery_filter import TimeRange
from app.feed import FeedAsked, read_feeds
from app.operations.replay import replay_events
from app.stats.accounting import Accounting, AccountingAsked, account
from app.webhooks.fields import WebhookChanges
from app.webhooks.lifecycle import delete_webhook, pause_webhook, resume_webhook, update_webhook
from tests.app.operations.desk import Desk, open_desk
from tests.app.retention.test_prune import pruned
from tests.clock import FakeClock

ALL = TimeRange(None, None)


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    async with open_desk(database_url, tmp_path, clock) as opened:
        yield opened


async def disable(desk: Desk, webhook_id: str) -> None:
    """As the recording of a 410 does it."""
    await desk.domain.resources.database.execute(
        "UPDATE workspace SET registry_version = registry_version + 1 WHERE id = $1", desk.domain.caller.workspace_id
    )
    await desk.domain.resources.database.execute(
        "UPDATE webhook SET status = 'DISABLED', registry_version ="
        " (SELECT w.registry_version FROM workspace w WHERE w.id = workspace_id) WHERE id = $1",
        webhook_id,
    )


async def resume(desk: Desk, webhook_id: str) -> None:
    await resume_webhook(desk.domain.resources, desk.domain.caller, webhook_id)


async def replay(desk: Desk, webhook_id: str, *, only_missing: bool = True) -> int:
    resources, caller = desk.domain.resources, desk.domain.caller
    begun = await replay_events(resources, caller, webhook_id, ALL, only_missing=only_missing)
    return int((await desk.done(begun)).done)


async def accounts(desk: Desk, webhook_id: str, since: timedelta | None = None) -> Accounting:
    now = desk.domain.clock.now()
    asked = AccountingAsked(webhook_id, None if since is None else now - since, None)
    return (await account(desk.domain.resources.database, desk.domain.caller.workspace_id, [asked]))[asked]


async def feed(desk: Desk, webhook_id: str) -> list[tuple[int, str, str]]:
    asked = FeedAsked(webhook_id, 0, 100)
    found = (await read_feeds(desk.domain.resources.database, desk.domain.caller.workspace_id, [asked]))[asked]
    return [(item.sequence, item.event.id, item.status) for item in found.items]


async def test_a_disabled_webhook_gets_no_delivery_and_its_feed_has_what_it_misses(desk: Desk) -> None:
    webhook, other = await desk.webhook(), await desk.webhook()
    [before] = await desk.publish()
    await disable(desk, webhook)
    missed = await desk.publish(2)
    await desk.publish(event_type="ticket.updated")

    assert len(await desk.deliveries(webhook_id=webhook)) == 1
    assert len(await desk.deliveries(webhook_id=other)) == 4
    assert (await feed(desk, webhook))[:3] == [
        (1, before, "PENDING"),
        (2, missed[0], "CANCELED"),
        (3, missed[1], "CANCELED"),
    ]
    assert await accounts(desk, webhook) == Accounting(1, 0, 0, 0, 3)
    assert await accounts(desk, other) == Accounting(4, 0, 0, 0, 0)


async def test_what_it_does_not_select_is_not_missed(desk: Desk) -> None:
    webhook = await desk.webhook(event_types=["ticket.created"], filter='data.ticket.priority == "urgent"')
    await disable(desk, webhook)
    await desk.publish(event_type="ticket.updated")
    await desk.publish(priority="low")
    [urgent] = await desk.publish()

    assert await feed(desk, webhook) == [(1, urgent, "CANCELED")]


async def test_a_replay_of_what_is_missing_sends_exactly_what_was_missed_at_its_places(desk: Desk) -> None:
    webhook = await desk.webhook()
    await desk.publish(2)
    await disable(desk, webhook)
    missed = await desk.publish(3)
    await resume(desk, webhook)
    await desk.publish(2)

    replayed = await replay(desk, webhook)
    again = await replay(desk, webhook)

    rows = [row for row in await desk.deliveries() if row["event_id"] in missed]
    assert (replayed, again) == (3, 0)
    assert sorted((row["sequence"], row["event_id"], row["trigger"]) for row in rows) == [
        (number, event_id, "REPLAY") for number, event_id in enumerate(missed, 3)
    ]
    assert [place for place, _, _ in await feed(desk, webhook)] == list(range(1, 8))
    assert await accounts(desk, webhook) == Accounting(7, 0, 0, 0, 0)
    assert await desk.domain.rows("SELECT * FROM missed_delivery") == []


async def test_what_was_missed_and_what_is_older_than_the_webhook_are_replayed_together(desk: Desk) -> None:
    await desk.publish(2)
    webhook = await desk.webhook()
    await disable(desk, webhook)
    missed = await desk.publish(2)
    await resume(desk, webhook)

    assert await replay(desk, webhook, only_missing=False) == 4

    places = {row["event_id"]: row["sequence"] for row in await desk.deliveries()}
    assert [places[event_id] for event_id in missed] == [1, 2]
    assert sorted(places.values()) == [1, 2, 3, 4]
    await desk.publish()
    assert [place for place, _, _ in await feed(desk, webhook)] == [1, 2, 3, 4, 5]


async def test_a_webhook_that_is_deleted_misses_nothing_more(desk: Desk) -> None:
    webhook = await desk.webhook()
    await disable(desk, webhook)
    await desk.publish()
    await delete_webhook(desk.domain.resources, desk.domain.caller, webhook)
    await desk.publish()

    assert await accounts(desk, webhook) == Accounting(0, 0, 0, 0, 1)


async def test_what_was_missed_is_forgotten_with_its_event(desk: Desk) -> None:
    webhook = await desk.webhook()
    await disable(desk, webhook)
    await desk.publish(2)
    desk.domain.clock.advance(timedelta(days=31))
    [new] = await desk.publish()

    await pruned(desk.domain)

    assert await feed(desk, webhook) == [(3, new, "CANCELED")]
    assert await accounts(desk, webhook) == Accounting(0, 0, 0, 0, 1)


async def test_a_time_range_counts_what_was_made_in_it(desk: Desk) -> None:
    webhook = await desk.webhook()
    await desk.publish(3)
    desk.domain.clock.advance(3_600)
    await desk.publish()
    await disable(desk, webhook)
    await desk.publish()

    assert await accounts(desk, webhook, timedelta(minutes=30)) == Accounting(1, 0, 0, 0, 1)


async def test_a_changed_selection_holds_for_a_disabled_webhook_too(desk: Desk) -> None:
    webhook = await desk.webhook(event_types=["ticket.updated"])
    await disable(desk, webhook)
    await desk.publish()
    await update_webhook(desk.domain.resources, desk.domain.caller, webhook, WebhookChanges(event_types=["ticket.*"]))
    await desk.publish()

    assert (await accounts(desk, webhook)).missed_while_disabled == 1


@pytest.mark.parametrize("seed", range(3))
async def test_every_event_that_matched_is_accounted_for_whatever_happens(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    webhook = await desk.webhook()
    matched = 0
    for _ in range(30):
        match chance.choice(["publish", "publish", "publish", "disable", "resume", "pause", "become", "replay"]):
            case "publish":
                matched += len(await desk.publish(chance.randint(1, 3)))
            case "disable":
                await disable(desk, webhook)
            case "resume":
                await resume(desk, webhook)
            case "pause":
                await pause_webhook(desk.domain.resources, desk.domain.caller, webhook)
            case "become":
                for event_id in {row["event_id"] for row in await desk.deliveries()}:
                    if chance.random() < 0.3:
                        status = chance.choice(["PENDING", "RETRYING", "SUCCEEDED", "FAILED", "CANCELED"])
                        await desk.become(status, event_id=event_id)
            case "replay":
                await resume(desk, webhook)
                await replay(desk, webhook, only_missing=chance.random() < 0.5)

        found = await accounts(desk, webhook)
        assert found.matched == matched
        places = [place for place, _, _ in await feed(desk, webhook)]
        assert places == list(range(1, matched + 1))[:100]
