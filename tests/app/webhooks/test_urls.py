"""On both databases: a URL's query is encrypted in the row, and masked wherever the URL is shown."""

from dataclasses import replace

import pytest

from app.encryption import Cipher
from app.errors import Rejected
from app.models import Webhook
from app.webhooks.fields import WebhookChanges, WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook, update_webhook
from app.webhooks.reencryption import reencrypt, seal_urls
from app.webhooks.urls import open_url, shown_url
from tests.domain import Domain

URL = "https://example.com/hooks?api_key=hunter22&region=eu"
SHOWN = "https://example.com/hooks?api_key=••••&region=••••"
DRAFT = WebhookDraft("Desk", URL, ["*"])


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.com/hooks", "https://example.com/hooks"),
        (URL, SHOWN),
        (SHOWN, SHOWN),
        ("https://example.com/?token", "https://example.com/?••••"),
        ("https://example.com/?a==b?c=d&&", "https://example.com/?a=••••&&"),
        ("https://example.com/?", "https://example.com/?"),
    ],
)
def test_only_the_values_of_the_query_are_masked(url: str, shown: str) -> None:
    assert shown_url(url) == shown


async def made(domain: Domain) -> Webhook:
    return (await create_webhook(domain.resources, domain.caller, DRAFT)).webhook


async def stored(domain: Domain, webhook: Webhook) -> Webhook:
    return await Webhook.get(id=webhook.id, using_db=domain.resources.database.orm)


async def test_the_query_is_readable_neither_in_the_row_nor_in_the_audit_log(domain: Domain) -> None:
    webhook = await made(domain)
    changed = WebhookChanges(url="https://example.com/hooks?api_key=hunter33")
    await update_webhook(domain.resources, domain.caller, webhook.id, changed)

    row = await stored(domain, webhook)
    everything = str(await domain.rows("SELECT * FROM webhook")) + str(await domain.audit_log())
    await delete_webhook(domain.resources, domain.caller, webhook.id)
    deleted = await stored(domain, webhook)

    assert open_url(domain.resources.cipher, row) == "https://example.com/hooks?api_key=hunter33"
    assert "hunter" not in everything + str(await domain.audit_log())
    assert [entry["changes"]["url"] for entry in await domain.audit_log("webhook.updated")] == [
        [SHOWN, "https://example.com/hooks?api_key=••••"]
    ]
    assert deleted.url_query is None


async def test_a_masked_url_that_is_sent_back_keeps_the_one_that_is_there(domain: Domain) -> None:
    webhook = await made(domain)

    await update_webhook(domain.resources, domain.caller, webhook.id, WebhookChanges(name="New", url=SHOWN))
    with pytest.raises(Rejected, match="masked"):
        await update_webhook(domain.resources, domain.caller, webhook.id, WebhookChanges(url=SHOWN + "&b=1"))

    assert open_url(domain.resources.cipher, await stored(domain, webhook)) == URL
    assert await domain.audit_log("webhook.updated") != []


async def test_queries_of_earlier_versions_are_encrypted_once(domain: Domain) -> None:
    webhook, plain = await made(domain), await made(domain)
    for url, webhook_id in ((URL, webhook.id), ("https://example.com/", plain.id)):
        in_clear = "UPDATE webhook SET url = $1, url_query = NULL WHERE id = $2 RETURNING id"
        await domain.rows(in_clear, url, webhook_id)
    before = open_url(domain.resources.cipher, await stored(domain, webhook))

    sealed = [await seal_urls(domain.resources.database, domain.resources.cipher) for _ in range(2)]
    row = await stored(domain, webhook)

    assert sealed == [1, 0]
    assert before == open_url(domain.resources.cipher, row) == URL
    assert row.url == SHOWN


async def test_queries_are_encrypted_again_with_the_newest_key(domain: Domain) -> None:
    old, new = bytes(32), bytes(range(32))
    under_old = replace(domain, resources=replace(domain.resources, cipher=Cipher([old])))
    webhook = await made(under_old)

    await reencrypt(domain.resources.database, Cipher([new, old]))

    assert open_url(Cipher([new]), await stored(domain, webhook)) == URL
