"""On both databases: secrets are rotated, revoked and revealed."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from app.access.caller import Caller
from app.encryption import Cipher, NotDecrypted
from app.errors import Forbidden, Problem, Rejected, UserErrorCode
from app.ids import SECRET, WEBHOOK, new_id
from app.models import Secret, Webhook
from app.signing import new_secret, public_key
from app.statuses import Scope, SecretStatus, SignatureScheme
from app.updates.update import Topic
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import Created, create_webhook, delete_webhook
from app.webhooks.live_secrets import live_secrets, secret_status
from app.webhooks.secrets import MAX_LIVE_SECRETS, Rotated, reveal_secret, revoke_secret, rotate_secret
from tests.domain import Domain

SMALL = WebhookDraft("Support desk", "https://example.com/hooks", ["ticket.*"])
DAY = 86_400


async def made(domain: Domain, draft: WebhookDraft = SMALL, caller: Caller | None = None) -> Created:
    return await create_webhook(domain.resources, caller or domain.caller, draft)


async def rotated(domain: Domain, webhook: Webhook, secret: str | None = None, overlap_seconds: int = DAY) -> Rotated:
    return await rotate_secret(domain.resources, domain.caller, webhook.id, secret, overlap_seconds)


async def live(domain: Domain, webhook: Webhook) -> list[Secret]:
    found = await live_secrets(domain.resources.database, [webhook.id], domain.clock.now())
    return found.get(webhook.id, [])


async def live_texts(domain: Domain, webhook: Webhook) -> list[str]:
    return [domain.resources.cipher.decrypt(secret.secret, secret.id) for secret in await live(domain, webhook)]


async def test_a_rotated_secret_signs_beside_the_old_one_until_the_overlap_ends(domain: Domain) -> None:
    created = await made(domain)

    new = (await rotated(domain, created.webhook)).secret

    assert new != created.secret
    assert await live_texts(domain, created.webhook) == [new, created.secret]
    current, expiring = await live(domain, created.webhook)
    assert (secret_status(current), current.expires_at) == (SecretStatus.CURRENT, None)
    assert secret_status(expiring) is SecretStatus.EXPIRING
    assert expiring.expires_at == domain.clock.now() + timedelta(days=1)
    domain.clock.advance(DAY - 0.000001)
    assert await live_texts(domain, created.webhook) == [new, created.secret]
    domain.clock.advance(0.000001)
    assert await live_texts(domain, created.webhook) == [new]


async def test_without_an_overlap_the_old_secret_is_gone_at_once(domain: Domain) -> None:
    created = await made(domain)

    new = (await rotated(domain, created.webhook, overlap_seconds=0)).secret

    assert await live_texts(domain, created.webhook) == [new]
    assert len(await domain.rows("SELECT id FROM secret")) == 1


async def test_the_current_secret_comes_first_then_the_latest_whatever_the_clock_did(domain: Domain) -> None:
    created = await made(domain)
    texts = [created.secret]
    for seconds in (60, 60):
        domain.clock.advance(seconds)
        texts.insert(0, (await rotated(domain, created.webhook)).secret)
    domain.clock.advance(-3_600)

    newest = (await rotated(domain, created.webhook)).secret

    assert await live_texts(domain, created.webhook) == [newest, *texts]


async def test_a_given_secret_is_taken_if_it_fits_the_scheme(domain: Domain) -> None:
    created = await made(domain, replace(SMALL, signature_scheme=SignatureScheme.ED25519))
    given = new_secret(SignatureScheme.ED25519)

    new = await rotated(domain, created.webhook, given)

    current, _ = await live(domain, created.webhook)
    assert new.secret == given
    assert (current.public_key, current.hint) == (public_key(given), given[-4:])


async def test_a_rotation_without_a_given_secret_keeps_the_scheme(domain: Domain) -> None:
    created = await made(domain, replace(SMALL, signature_scheme=SignatureScheme.ED25519))

    new = await rotated(domain, created.webhook)

    assert new.secret.startswith("whsk_")


@pytest.mark.parametrize(
    ("secret", "overlap_seconds", "problems"),
    [
        (
            "whsec_c2hvcnQ=",
            -1,
            [
                Problem(
                    "This secret has 5 bytes; a whsec_ secret is base64 of 24 to 64 random bytes.",
                    ("secret",),
                    UserErrorCode.INVALID,
                ),
                Problem(
                    "The overlap is -1; it must be 0 to 604800 seconds (7 days).",
                    ("overlapSeconds",),
                    UserErrorCode.INVALID,
                ),
            ],
        ),
        (
            None,
            604_801,
            [
                Problem(
                    "The overlap is 604801; it must be 0 to 604800 seconds (7 days).",
                    ("overlapSeconds",),
                    UserErrorCode.INVALID,
                )
            ],
        ),
        (
            "whsk_" + "A" * 43 + "=",
            DAY,
            [
                Problem(
                    "The secret is for ED25519, but the webhook signs with HMAC_SHA256; give one for that, or none.",
                    ("secret",),
                    UserErrorCode.INVALID,
                )
            ],
        ),
    ],
)
async def test_a_rotation_that_cannot_be_is_explained(
    domain: Domain, secret: str | None, overlap_seconds: int, problems: list[Problem]
) -> None:
    created = await made(domain)

    with pytest.raises(Rejected) as refused:
        await rotated(domain, created.webhook, secret, overlap_seconds)

    assert list(refused.value.problems) == problems
    assert await live_texts(domain, created.webhook) == [created.secret]


async def test_a_secret_that_signs_already_is_no_new_one(domain: Domain) -> None:
    created = await made(domain)
    current = (await rotated(domain, created.webhook)).secret

    for text in (current, f" {current}\n", created.secret):
        with pytest.raises(Rejected) as refused:
            await rotated(domain, created.webhook, text)

        message = "This secret signs for the webhook already; give another one, or none to have it made."
        assert refused.value.problems == (Problem(message, ("secret",), UserErrorCode.CONFLICT),)


async def test_only_a_few_secrets_live_at_once(domain: Domain) -> None:
    created = await made(domain)
    for _ in range(MAX_LIVE_SECRETS - 1):
        await rotated(domain, created.webhook)

    with pytest.raises(Rejected) as refused:
        await rotated(domain, created.webhook)
    await rotated(domain, created.webhook, overlap_seconds=0)

    message = "The webhook has 5 live secrets; at most 5 are allowed. Revoke one first."
    assert refused.value.problems == (Problem(message, ("id",), UserErrorCode.TOO_MANY),)
    assert len(await live(domain, created.webhook)) == MAX_LIVE_SECRETS


async def test_rotations_at_once_leave_one_current_secret(domain: Domain) -> None:
    created = await made(domain)

    await asyncio.gather(*(rotated(domain, created.webhook) for _ in range(3)))

    statuses = [secret_status(secret) for secret in await live(domain, created.webhook)]
    assert statuses == [SecretStatus.CURRENT] + [SecretStatus.EXPIRING] * 3


async def test_a_rotation_by_hand_puts_off_the_automatic_one(domain: Domain) -> None:
    created = await made(domain, replace(SMALL, rotate_secret_every_days=7))

    domain.clock.advance(timedelta(days=5))
    webhook = (await rotated(domain, created.webhook)).webhook

    assert webhook.next_secret_rotation_at == domain.clock.now() + timedelta(days=7)


async def test_an_expiring_secret_can_be_revoked(domain: Domain) -> None:
    created = await made(domain)
    [old] = await live(domain, created.webhook)
    new = (await rotated(domain, created.webhook)).secret

    await revoke_secret(domain.resources, domain.caller, created.webhook.id, old.id)

    assert await live_texts(domain, created.webhook) == [new]


async def test_the_current_secret_cannot_be_revoked(domain: Domain) -> None:
    created = await made(domain)
    [current] = await live(domain, created.webhook)

    with pytest.raises(Rejected) as refused:
        await revoke_secret(domain.resources, domain.caller, created.webhook.id, current.id)

    message = f"The secret {current.id} is the current one, without which nothing is signed; rotate first."
    assert refused.value.problems == (Problem(message, ("secretId",), UserErrorCode.CONFLICT),)


async def test_a_secret_of_another_webhook_or_one_that_ended_is_not_found(domain: Domain) -> None:
    created, other = await made(domain), await made(domain)
    [foreign] = await live(domain, other.webhook)
    [ended] = await live(domain, created.webhook)
    await rotated(domain, created.webhook, overlap_seconds=60)
    domain.clock.advance(60)

    for secret_id in (foreign.id, ended.id, new_id(SECRET, domain.clock.now()), "\ud800"):
        with pytest.raises(Rejected) as refused:
            await revoke_secret(domain.resources, domain.caller, created.webhook.id, secret_id)

        message = f'No secret has the id "{secret_id}"; give the id of one in this workspace.'
        assert refused.value.problems == (Problem(message, ("secretId",), UserErrorCode.NOT_FOUND),)


async def test_revealing_shows_the_current_secret_and_is_remembered(domain: Domain) -> None:
    created = await made(domain)
    new = (await rotated(domain, created.webhook)).secret

    assert await reveal_secret(domain.resources, domain.caller, created.webhook.id) == new

    [entry] = await domain.audit_log("secret.revealed")
    assert (entry["subject_id"], entry["actor"], entry["changes"]) == (created.webhook.id, "Ada", None)


async def test_a_secret_that_cannot_be_decrypted_is_not_revealed_but_can_be_rotated(domain: Domain) -> None:
    created = await made(domain)
    await domain.resources.database.execute(
        "UPDATE secret SET secret = $1", Cipher([os.urandom(32)]).encrypt("lost", "sec_1")
    )

    with pytest.raises(NotDecrypted):
        await reveal_secret(domain.resources, domain.caller, created.webhook.id)

    assert await domain.audit_log("secret.revealed") == []
    new = (await rotated(domain, created.webhook)).secret
    assert await reveal_secret(domain.resources, domain.caller, created.webhook.id) == new


async def test_what_happens_to_secrets_is_audited_by_id_announced_and_visible_to_senders(domain: Domain) -> None:
    created = await made(domain)
    [old] = await live(domain, created.webhook)

    async with domain.announced(Topic.WEBHOOKS, 2) as updates:
        rotation = await rotated(domain, created.webhook)
        [new, _] = await live(domain, created.webhook)
        revocation = await revoke_secret(domain.resources, domain.caller, created.webhook.id, old.id)

    assert {update.subject_id for update in updates} == {created.webhook.id}
    assert created.webhook.updated_at < rotation.webhook.updated_at < revocation.updated_at
    [rotation_entry] = await domain.audit_log("secret.rotated")
    [revocation_entry] = await domain.audit_log("secret.revoked")
    assert rotation_entry["changes"] == {"currentSecret": [old.id, new.id]}
    assert revocation_entry["changes"] == {"secrets": [old.id, None]}
    seen = repr((await domain.audit_log(), rotation, await domain.rows("SELECT * FROM secret")))
    for secret in (created.secret, rotation.secret):
        assert secret not in seen
        assert secret.removeprefix("whsec_") not in seen


Change = Callable[[Domain, Caller, str], Awaitable[object]]
CHANGES: dict[str, Change] = {
    "rotate": lambda domain, caller, id_: rotate_secret(domain.resources, caller, id_, None, DAY),
    "revoke": lambda domain, caller, id_: revoke_secret(domain.resources, caller, id_, "sec_1"),
    "reveal": lambda domain, caller, id_: reveal_secret(domain.resources, caller, id_),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_webhook_of_another_workspace_is_one_that_never_existed(domain: Domain, change: Change) -> None:
    theirs = (await made(domain, caller=domain.stranger)).webhook
    deleted = (await made(domain)).webhook
    await delete_webhook(domain.resources, domain.caller, deleted.id)
    before = await domain.rows("SELECT * FROM secret ORDER BY id"), await domain.rows("SELECT id FROM audit_entry")

    for webhook_id in (theirs.id, deleted.id, new_id(WEBHOOK, domain.clock.now()), "wh_1", "\ud800"):
        with pytest.raises(Rejected) as refused:
            await change(domain, domain.caller, webhook_id)

        message = f'No webhook has the id "{webhook_id}"; give the id of one in this workspace.'
        assert refused.value.problems == (Problem(message, ("id",), UserErrorCode.NOT_FOUND),)
    after = await domain.rows("SELECT * FROM secret ORDER BY id"), await domain.rows("SELECT id FROM audit_entry")
    assert after == before


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_whatever_is_done_with_secrets_needs_the_scope_secrets(domain: Domain, change: Change) -> None:
    webhook = (await made(domain)).webhook
    other = replace(domain.caller, scopes=frozenset(Scope) - {Scope.SECRETS})

    with pytest.raises(Forbidden):
        await change(domain, other, webhook.id)
