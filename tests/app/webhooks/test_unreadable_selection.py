"""A webhook with an unreadable selection of events gets no deliveries, and says so until it can be read."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.clock import rfc3339
from app.database.database import Row
from app.delivery_filter import TimeRange
from app.metrics import Level
from app.operations.replay import replay_events
from app.webhooks.fields import WebhookChanges
from app.webhooks.lifecycle import update_webhook
from app.webhooks.status_reason import StatusReasons
from app.webhooks.unreadable_selection import tell_unreadable_selections
from tests.app.operations.desk import Desk
from tests.clock import FakeClock
from tests.domain import open_domain

BREAK = {
    "a filter of another version": "filter_expression = 'no such language('",
    "event types that are none": "event_types = '['",
}
QUIET = Level(in_flight=0, followers=0, oldest_due_seconds=None, broker_ok=True, updates_ok=True)


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Desk]:
    async with open_domain(database_url, tmp_path, clock) as domain:
        yield Desk(domain)


async def tell(desk: Desk) -> None:
    resources = desk.domain.resources
    await tell_unreadable_selections(
        resources.registries, StatusReasons(resources.database, resources.clock, resources.updates)
    )


async def make_unreadable(desk: Desk, webhook_id: str, change: str) -> None:
    database = desk.domain.resources.database
    await database.execute(f"UPDATE webhook SET {change} WHERE id = $1", webhook_id)
    await database.execute("UPDATE workspace SET registry_version = registry_version + 1")


async def status_of(desk: Desk, webhook_id: str) -> Row:
    statement = "SELECT status, status_reason, status_reason_code FROM webhook WHERE id = $1"
    [row] = await desk.domain.rows(statement, webhook_id)
    return row


@pytest.mark.parametrize("how", BREAK)
async def test_it_says_since_when_and_its_events_are_counted_while_others_get_theirs(desk: Desk, how: str) -> None:
    broken, good = await desk.webhook(), await desk.webhook()
    await desk.publish()
    await make_unreadable(desk, broken, BREAK[how])

    await desk.publish(2)
    since = desk.domain.clock.now()
    await desk.publish(3)
    await tell(desk)
    await tell(desk)

    row = await status_of(desk, broken)
    [entry] = await desk.domain.audit_log("webhook.unreadable")
    assert (row["status"], row["status_reason_code"]) == ("ACTIVE", "UNREADABLE_SELECTION")
    assert rfc3339(since)[:-4] in row["status_reason"]
    assert (entry["subject_id"], entry["changes"]) == (broken, {"statusReason": [None, row["status_reason"]]})
    assert len(await desk.deliveries(webhook_id=good)) == 6
    assert len(await desk.deliveries(webhook_id=broken)) == 1
    exposed = desk.domain.resources.metrics.exposition(QUIET).decode()
    assert "eev_webhooks_events_unmatched_total 5.0" in exposed


async def test_once_it_can_be_read_the_reason_goes_and_a_replay_sends_what_it_missed(desk: Desk) -> None:
    webhook_id = await desk.webhook(filter="true")
    await make_unreadable(desk, webhook_id, BREAK["a filter of another version"])
    missed = await desk.publish(2)
    await tell(desk)
    resources, caller = desk.domain.resources, desk.domain.caller

    await update_webhook(resources, caller, webhook_id, WebhookChanges(filter="true"))
    await desk.publish()
    await tell(desk)
    await desk.done(await replay_events(resources, caller, webhook_id, TimeRange(), only_missing=True))

    row = await status_of(desk, webhook_id)
    assert (row["status_reason"], row["status_reason_code"]) == (None, None)
    assert len(await desk.domain.audit_log("webhook.readable")) == 1
    sent = {delivery["event_id"] for delivery in await desk.deliveries(webhook_id=webhook_id)}
    assert sent >= set(missed)
    assert len(sent) == 3
