"""On both databases: an old encryption key can be removed once everything was encrypted again."""

import asyncio
from dataclasses import replace

import pytest

from app.encryption import Cipher, UnknownKey
from app.models import Webhook
from app.webhooks.credentials import CustomHeader, open_credential, open_headers, seal_headers
from app.webhooks.drafts import AuthenticationDraft, HeaderDraft
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook
from app.webhooks.reencryption import BATCH, Reencrypted, reencrypt
from app.webhooks.secrets import reveal_secret, rotate_secret
from tests.domain import Domain
from tests.patience import PATIENCE_SECONDS

OLD, NEW = bytes(32), bytes(range(32))
WHOLE = WebhookDraft(
    "Test",
    "https://example.com/hook",
    ["*"],
    headers=[HeaderDraft("X-Token", "hunter2", sensitive=True)],
    authentication=AuthenticationDraft(bearer="hunter3"),
)
SMALL = WebhookDraft("Test", "https://example.com/hook", ["*"])


def under(domain: Domain, *keys: bytes) -> Domain:
    """The same domain with these encryption keys, newest first."""
    return replace(domain, resources=replace(domain.resources, cipher=Cipher(keys)))


async def webhook(domain: Domain, webhook_id: str) -> Webhook:
    return await Webhook.get(id=webhook_id, using_db=domain.resources.database.orm)


async def test_afterwards_the_newest_key_opens_everything_alone(domain: Domain) -> None:
    old = under(domain, OLD)
    created = await create_webhook(old.resources, old.caller, WHOLE)
    webhook_id = created.webhook.id

    done = await reencrypt(domain.resources.database, Cipher([NEW, OLD]))
    alone = under(domain, NEW)
    row = await webhook(alone, webhook_id)

    assert done == Reencrypted(encrypted=3, current=0)
    assert await reveal_secret(alone.resources, alone.caller, webhook_id) == created.secret
    assert open_headers(alone.resources.cipher, row) == (CustomHeader("X-Token", "hunter2", sensitive=True),)
    assert open_credential(alone.resources.cipher, row) == "hunter3"
    assert row.updated_at == created.webhook.updated_at  # every cached value is still right


async def test_secrets_that_end_and_webhooks_that_were_deleted_are_encrypted_again_too(domain: Domain) -> None:
    old = under(domain, OLD)
    rotated = await create_webhook(old.resources, old.caller, SMALL)
    await rotate_secret(old.resources, old.caller, rotated.webhook.id, None, overlap_seconds=3_600)
    deleted = await create_webhook(old.resources, old.caller, WHOLE)
    await delete_webhook(old.resources, old.caller, deleted.webhook.id)

    done = await reencrypt(domain.resources.database, Cipher([NEW, OLD]))
    nothing = await reencrypt(domain.resources.database, Cipher([NEW]))

    assert done.encrypted == 4  # two secrets, and the headers of both
    assert nothing == Reencrypted(encrypted=0, current=4)


async def test_what_the_newest_key_encrypted_stays_as_it_is(domain: Domain) -> None:
    new = under(domain, NEW)
    created = await create_webhook(new.resources, new.caller, WHOLE)
    before = await webhook(domain, created.webhook.id)

    done = await reencrypt(domain.resources.database, Cipher([NEW, OLD]))
    after = await webhook(domain, created.webhook.id)

    assert done == Reencrypted(encrypted=0, current=3)
    assert (after.headers, after.authentication_credential) == (before.headers, before.authentication_credential)


async def test_more_than_a_batch_is_encrypted_again(domain: Domain) -> None:
    old = under(domain, OLD)
    created = await create_webhook(old.resources, old.caller, SMALL)
    database, count = domain.resources.database, BATCH + 3
    tokens = [
        (f"wh_{number:026}", seal_headers(old.resources.cipher, f"wh_{number:026}", ())) for number in range(count)
    ]
    copied = [name for name in Webhook._meta.db_fields if name not in {"id", "headers"}]
    await database.fetch_rows(
        f"INSERT INTO webhook (id, headers, {', '.join(copied)})"
        f" SELECT new.id, new.headers, {', '.join(f'w.{name}' for name in copied)}"
        " FROM {rows} AS new, webhook w WHERE w.id = $1",
        (("id", "text"), ("headers", "text")),
        tokens,
        created.webhook.id,
    )

    done = await reencrypt(database, Cipher([NEW, OLD]))

    assert done == Reencrypted(encrypted=count + 2, current=0)
    assert await reencrypt(database, Cipher([NEW])) == Reencrypted(encrypted=0, current=count + 2)


async def test_a_key_that_is_missing_is_said(domain: Domain) -> None:
    old = under(domain, OLD)
    await create_webhook(old.resources, old.caller, SMALL)

    with pytest.raises(UnknownKey, match="add that key behind the newest"):
        await reencrypt(domain.resources.database, Cipher([NEW]))


@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
async def test_what_somebody_changes_meanwhile_is_neither_lost_nor_left_out(domain: Domain) -> None:
    old = under(domain, OLD)
    database, cipher = domain.resources.database, old.resources.cipher
    created = await create_webhook(old.resources, old.caller, WHOLE)
    webhook_id = created.webhook.id
    changed = seal_headers(cipher, webhook_id, [CustomHeader("X-Token", "hunter4")])

    async with database.transaction() as statements:
        await statements.execute("UPDATE webhook SET headers = $2 WHERE id = $1", webhook_id, changed)
        running = asyncio.create_task(reencrypt(database, Cipher([NEW, OLD])))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await database.fetch("SELECT 1 FROM pg_locks WHERE NOT granted"):
                pass  # until it waits for the row
    done = await running

    assert done == Reencrypted(encrypted=3, current=0)
    assert open_headers(Cipher([NEW]), await webhook(domain, webhook_id)) == (CustomHeader("X-Token", "hunter4"),)
