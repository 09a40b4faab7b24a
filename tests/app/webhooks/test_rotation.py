"""On both databases: secrets are rotated automatically, and deleted once their overlap has ended."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.ids import WEBHOOK, new_id
from app.models import Webhook
from app.statuses import SignatureScheme
from app.webhooks import rotation
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook
from app.webhooks.live_secrets import live_secrets
from app.webhooks.rotation import rotate_due_secrets
from app.webhooks.secrets import rotate_secret
from tests.clock import FakeClock
from tests.domain import Domain, open_domain

WEEKLY = WebhookDraft("Support desk", "https://example.com/hooks", ["ticket.*"], rotate_secret_every_days=7)


async def made(domain: Domain, draft: WebhookDraft = WEEKLY) -> Webhook:
    return (await create_webhook(domain.resources, domain.caller, draft)).webhook


async def live_count(domain: Domain, webhook: Webhook) -> int:
    return len((await live_secrets(domain.resources.database, [webhook.id], domain.clock.now())).get(webhook.id, []))


async def test_a_due_secret_is_rotated_with_a_day_of_overlap_and_the_next_is_a_week_later(domain: Domain) -> None:
    webhook = await made(domain, replace(WEEKLY, signature_scheme=SignatureScheme.ED25519))
    domain.clock.advance(timedelta(days=7) - timedelta(microseconds=1))
    too_early = await rotate_due_secrets(domain.resources)

    domain.clock.advance(timedelta(microseconds=1))
    on_time = await rotate_due_secrets(domain.resources)
    again = await rotate_due_secrets(domain.resources)

    assert (too_early, on_time, again) == (0, 1, 0)
    now = domain.clock.now()
    [current, old] = (await live_secrets(domain.resources.database, [webhook.id], now))[webhook.id]
    assert current.public_key is not None
    assert old.expires_at == now + timedelta(days=1)
    stored = await Webhook.get(id=webhook.id, using_db=domain.resources.database.orm)
    assert stored.next_secret_rotation_at == now + timedelta(days=7)
    [entry] = await domain.audit_log("secret.rotated")
    assert (entry["actor"], entry["source_address"], entry["subject_id"]) == ("system", None, webhook.id)
    assert entry["changes"] == {"currentSecret": [old.id, current.id]}


async def test_a_webhook_that_cannot_be_read_costs_no_other_its_rotation(domain: Domain) -> None:
    broken, good = await made(domain), await made(domain)
    await domain.rows("UPDATE webhook SET metadata = '[' WHERE id = $1 RETURNING id", broken.id)
    domain.clock.advance(timedelta(days=7))

    assert await rotate_due_secrets(domain.resources) == 1
    assert await live_count(domain, good) == 2


async def test_only_webhooks_that_ask_for_it_and_exist_are_rotated(domain: Domain) -> None:
    plain, deleted = await made(domain, replace(WEEKLY, rotate_secret_every_days=None)), await made(domain)
    await delete_webhook(domain.resources, domain.caller, deleted.id)
    domain.clock.advance(timedelta(days=365))

    assert await rotate_due_secrets(domain.resources) == 0
    assert (await live_count(domain, plain), await live_count(domain, deleted)) == (1, 0)


async def test_a_person_who_rotated_a_lot_does_not_stop_the_automatic_rotation(domain: Domain) -> None:
    webhook = await made(domain, replace(WEEKLY, rotate_secret_every_days=1))
    for _ in range(4):
        await rotate_secret(domain.resources, domain.caller, webhook.id, None, 604_800)
    domain.clock.advance(timedelta(days=1))

    assert await rotate_due_secrets(domain.resources) == 1


async def test_several_processes_rotate_each_secret_once(database_url: str, tmp_path: Path, clock: FakeClock) -> None:
    async with open_domain(database_url, tmp_path, clock) as one, open_domain(database_url, tmp_path, clock) as other:
        webhooks = [await made(one) for _ in range(6)]
        clock.advance(timedelta(days=7))

        counts = await asyncio.gather(*(rotate_due_secrets(domain.resources) for domain in (one, other, one)))

        assert sum(counts) == len(webhooks)
        assert [await live_count(one, webhook) for webhook in webhooks] == [2] * 6


async def test_secrets_are_forgotten_once_their_overlap_has_ended(domain: Domain) -> None:
    webhook = await made(domain, replace(WEEKLY, rotate_secret_every_days=None))
    for _ in range(2):
        await rotate_secret(domain.resources, domain.caller, webhook.id, None, 60)

    domain.clock.advance(59)
    await rotate_due_secrets(domain.resources)
    kept = await domain.rows("SELECT id FROM secret")
    domain.clock.advance(1)
    await rotate_due_secrets(domain.resources)

    assert len(kept) == 3
    [left] = await domain.rows("SELECT expires_at FROM secret")
    assert left == {"expires_at": None}


async def test_more_than_one_batch_is_rotated_in_one_go(domain: Domain) -> None:
    first = await made(domain)
    template = await Webhook.get(id=first.id, using_db=domain.resources.database.orm)
    domain.clock.advance(timedelta(days=7))
    for _ in range(rotation.BATCH):
        template.id = new_id(WEBHOOK, domain.clock.now())
        await template.save(using_db=domain.resources.database.orm, force_create=True)

    assert await rotate_due_secrets(domain.resources) == rotation.BATCH + 1
