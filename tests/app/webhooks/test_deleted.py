"""On both databases: open deliveries of a deleted webhook are canceled."""

from datetime import timedelta

from app.catalogue import BUILT_IN
from app.clock import to_micros
from app.database.database import Row
from app.models import Webhook
from app.publishing.draft import EventDraft
from app.statuses import DeliveryStatus
from app.updates.update import Topic
from app.webhooks import deleted
from app.webhooks.deleted import cancel_deliveries_of_deleted
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook
from tests.domain import Domain

DRAFT = WebhookDraft("Support desk", "https://example.com/hooks", ["ticket.*"])
EVENT = EventDraft("ticket.created", dict(BUILT_IN["ticket.created"].example))


async def made(domain: Domain) -> Webhook:
    return (await create_webhook(domain.resources, domain.caller, DRAFT)).webhook


async def published(domain: Domain, count: int) -> None:
    await domain.resources.publisher.publish(domain.caller, [EVENT] * count, batch=True)


async def deliveries(domain: Domain, webhook: Webhook) -> list[Row]:
    return await domain.rows("SELECT * FROM delivery WHERE webhook_id = $1 ORDER BY id", webhook.id)


async def set_delivery(domain: Domain, delivery: Row, columns: str) -> None:
    await domain.rows(f"UPDATE delivery SET {columns} WHERE id = $1 RETURNING id", delivery["id"])


async def test_open_deliveries_are_canceled_and_announced_and_finished_ones_stay(domain: Domain) -> None:
    webhook, other = await made(domain), await made(domain)
    await published(domain, 4)
    pending, retrying, claimed, succeeded = await deliveries(domain, webhook)
    await set_delivery(domain, retrying, "status = 'RETRYING'")
    await set_delivery(domain, claimed, "claimed_by = 'wrk_1'")
    await set_delivery(domain, succeeded, "status = 'SUCCEEDED', next_attempt_at = NULL, completed_at = 1")
    domain.clock.advance(5)

    async with domain.announced(Topic.DELIVERIES, 3) as updates:
        await delete_webhook(domain.resources, domain.caller, webhook.id)

    now = to_micros(domain.clock.now())
    found = [
        (row["status"], row["next_attempt_at"], row["claimed_by"], row["completed_at"])
        for row in await deliveries(domain, webhook)
    ]
    assert found == [("CANCELED", None, None, now)] * 3 + [("SUCCEEDED", None, None, 1)]
    assert {row["status"] for row in await deliveries(domain, other)} == {"PENDING"}
    assert {(update.subject_id, update.status) for update in updates} == {
        (row["id"], DeliveryStatus.CANCELED) for row in (pending, retrying, claimed)
    }


async def test_a_backlog_is_canceled_in_bounded_batches_and_the_rest_periodically(domain: Domain) -> None:
    webhook = await made(domain)
    bound = deleted.BATCH * deleted.MAX_BATCHES
    for _ in range(bound // 1_000):
        await published(domain, 1_000)
    await published(domain, 3)

    await delete_webhook(domain.resources, domain.caller, webhook.id)
    left = [row for row in await deliveries(domain, webhook) if row["status"] == "PENDING"]
    canceled = await cancel_deliveries_of_deleted(domain.resources)

    assert (len(left), canceled) == (3, 3)
    assert {row["status"] for row in await deliveries(domain, webhook)} == {"CANCELED"}
    assert await cancel_deliveries_of_deleted(domain.resources) == 0


async def test_a_delivery_that_was_published_while_its_webhook_was_deleted_is_canceled_soon_after(
    domain: Domain,
) -> None:
    webhook, kept = await made(domain), await made(domain)
    await delete_webhook(domain.resources, domain.caller, webhook.id)
    await published(domain, 1)
    [late] = await deliveries(domain, kept)
    await domain.rows("UPDATE delivery SET webhook_id = $2 WHERE id = $1 RETURNING id", late["id"], webhook.id)
    domain.clock.advance(timedelta(minutes=1))

    assert await cancel_deliveries_of_deleted(domain.resources) == 1

    [row] = await deliveries(domain, webhook)
    assert row["status"] == "CANCELED"


async def test_nothing_is_published_to_a_deleted_webhook(domain: Domain) -> None:
    webhook = await made(domain)
    await published(domain, 1)
    await delete_webhook(domain.resources, domain.caller, webhook.id)

    await published(domain, 1)

    assert [row["status"] for row in await deliveries(domain, webhook)] == ["CANCELED"]
