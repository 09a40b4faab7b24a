"""The one transaction of publishing: if a part cannot be written, nothing is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from app.catalogue import BUILT_IN
from app.publishing.draft import EventDraft
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain

EVENT = EventDraft("ticket.created", dict(BUILT_IN["ticket.created"].example))


@pytest.fixture
async def domain(database_url: str, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Domain]:
    async with open_domain(database_url, tmp_path, clock) as opened:
        await create_webhook(
            opened.resources, opened.caller, WebhookDraft("Support desk", "https://example.com/hooks", ["*"])
        )
        yield opened


@asynccontextmanager
async def hidden(domain: Domain, table: str) -> AsyncIterator[None]:
    """Hide the table for a while, so that a transaction fails when it writes to it."""
    await domain.resources.database.execute(f"ALTER TABLE {table} RENAME TO hidden")
    yield
    await domain.resources.database.execute(f"ALTER TABLE hidden RENAME TO {table}")


async def counts(domain: Domain) -> tuple[int, int]:
    [events] = await domain.rows("SELECT count(*) AS count FROM event")
    [deliveries] = await domain.rows("SELECT count(*) AS count FROM delivery")
    return events["count"], deliveries["count"]


async def test_an_event_whose_deliveries_cannot_be_written_is_not_acknowledged_and_not_there(domain: Domain) -> None:
    async with hidden(domain, "delivery"):
        with pytest.raises(Exception, match="delivery"):
            await domain.resources.publisher.publish(domain.caller, [EVENT], batch=False)

    assert await counts(domain) == (0, 0)
    assert domain.woken == []


async def test_an_event_that_was_acknowledged_is_there_with_its_deliveries_foreverybody(domain: Domain) -> None:
    published = await domain.resources.publisher.publish(domain.caller, [EVENT] * 3, batch=True)

    async with domain.resources.database.transaction() as another:
        rows = await another.fetch(
            "SELECT e.id, e.body FROM event e JOIN delivery d ON d.event_id = e.id ORDER BY e.id"
        )

    assert [(row["id"], row["body"]) for row in rows] == [(event.row.id, event.row.body) for event in published.events]


async def test_an_event_goes_to_webhooks_of_its_own_workspace_only(domain: Domain) -> None:
    everything = WebhookDraft("Everything", "https://example.com/theirs", ["*"])
    theirs = await create_webhook(domain.resources, domain.stranger, everything)

    published = await domain.resources.publisher.publish(domain.caller, [EVENT], batch=False)

    deliveries = await domain.rows("SELECT webhook_id, workspace_id FROM delivery")
    assert [published.events[0].delivery_count, len(deliveries)] == [1, 1]
    assert deliveries[0]["webhook_id"] != theirs.webhook.id
    assert deliveries[0]["workspace_id"] == domain.caller.workspace_id


async def test_a_key_that_another_workspace_used_is_a_new_one(domain: Domain) -> None:
    event = replace(EVENT, idempotency_key="order-1")
    first = await domain.resources.publisher.publish(domain.stranger, [event], batch=False)

    second = await domain.resources.publisher.publish(domain.caller, [event], batch=False)

    assert not second.events[0].duplicate
    assert second.events[0].row.id != first.events[0].row.id
