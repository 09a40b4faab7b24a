"""On both databases: a script that runs twice leaves one webhook."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.errors import Rejected, UserErrorCode
from app.models import Webhook
from app.signing import new_secret
from app.statuses import SignatureScheme
from app.webhooks.fields import WebhookChanges, WebhookDraft
from app.webhooks.lifecycle import create_webhook, delete_webhook, update_webhook
from app.webhooks.upsert import Upserted, upsert_webhook, webhook_by_external_id
from tests.domain import Domain

DESK = WebhookDraft("Desk", "https://example.com/hooks", ["ticket.*"])


async def upserted(domain: Domain, draft: WebhookDraft = DESK) -> Upserted:
    return await upsert_webhook(domain.resources, domain.caller, "desk", draft)


async def test_the_same_script_makes_a_webhook_once(domain: Domain) -> None:
    first, second = await upserted(domain), await upserted(domain)

    assert (first.created, second.created) == (True, False)
    assert first.webhook.id == second.webhook.id
    assert first.secret is not None
    assert second.secret is None
    assert len(await domain.audit_log("webhook.updated")) == 0


async def test_scripts_that_run_at_once_make_one_webhook(domain: Domain) -> None:
    done = await asyncio.gather(*(upserted(domain) for _ in range(5)))

    assert sorted(one.created for one in done) == [False] * 4 + [True]
    assert len({one.webhook.id for one in done}) == 1


async def test_what_a_script_leaves_out_gets_its_default_again(domain: Domain) -> None:
    await upserted(domain, replace(DESK, timeout_seconds=5, description="For tickets", rate_limit_per_second=7))

    webhook = (await upserted(domain, replace(DESK, name="Desk EU"))).webhook

    assert (webhook.name, webhook.timeout_seconds, webhook.description) == ("Desk EU", 30, None)
    assert (webhook.rate_limit_per_second, webhook.external_id) == (None, "desk")


async def test_a_secret_is_kept_and_another_one_refused(domain: Domain) -> None:
    secret = new_secret(SignatureScheme.HMAC_SHA256)
    await upserted(domain, replace(DESK, secret=secret))

    await upserted(domain)
    await upserted(domain, replace(DESK, secret=secret))
    other = replace(DESK, secret=new_secret(SignatureScheme.ED25519), signature_scheme=SignatureScheme.ED25519)
    with pytest.raises(Rejected) as refused:
        await upserted(domain, other)

    assert [problem.path[-1] for problem in refused.value.problems] == ["signatureScheme", "secret"]


async def test_an_external_id_is_unique_in_a_workspace_until_its_webhook_is_deleted(domain: Domain) -> None:
    draft = replace(DESK, external_id="desk")
    made = (await create_webhook(domain.resources, domain.caller, draft)).webhook
    other = (await create_webhook(domain.resources, domain.caller, DESK)).webhook
    await create_webhook(domain.resources, domain.stranger, draft)

    for again in (
        create_webhook(domain.resources, domain.caller, draft),
        update_webhook(domain.resources, domain.caller, other.id, WebhookChanges(external_id="desk")),
    ):
        with pytest.raises(Rejected) as refused:
            await again
        assert [problem.code for problem in refused.value.problems] == [UserErrorCode.TAKEN]
    await delete_webhook(domain.resources, domain.caller, made.id)
    assert await webhook_by_external_id(domain.resources, domain.caller, "desk") is None
    assert (await upserted(domain)).created


async def test_a_change_is_refused_if_somebody_else_changed_the_webhook_since(domain: Domain) -> None:
    webhook = (await create_webhook(domain.resources, domain.caller, DESK)).webhook
    read_at = webhook.updated_at
    await update_webhook(domain.resources, domain.caller, webhook.id, WebhookChanges(name="Theirs"), read_at)

    with pytest.raises(Rejected) as refused:
        await update_webhook(domain.resources, domain.caller, webhook.id, WebhookChanges(name="Ours"), read_at)
    now = (await webhook_by_id(domain, webhook.id)).updated_at
    # The API shows milliseconds only.
    shown = now - timedelta(microseconds=now.microsecond % 1000)
    renamed = await update_webhook(domain.resources, domain.caller, webhook.id, WebhookChanges(name="Ours"), shown)

    assert [problem.code for problem in refused.value.problems] == [UserErrorCode.CONFLICT]
    assert renamed.name == "Ours"


async def webhook_by_id(domain: Domain, webhook_id: str) -> Webhook:
    return await Webhook.get(id=webhook_id, using_db=domain.resources.database.orm)


async def test_a_webhook_that_looks_like_another_one_is_made_with_a_warning(domain: Domain) -> None:
    first = await create_webhook(domain.resources, domain.caller, DESK)
    second = await create_webhook(domain.resources, domain.caller, DESK)

    assert first.warning is None
    assert second.warning is not None
    assert first.webhook.id in second.warning
