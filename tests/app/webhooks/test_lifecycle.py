"""On both databases: webhooks are created, changed, paused, resumed and deleted."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from app.access.caller import Caller
from app.clock import to_micros
from app.errors import Forbidden, Problem, Rejected, UserErrorCode
from app.ids import WEBHOOK, is_id, new_id
from app.models import Secret, Webhook
from app.signing import new_secret, parse_secret
from app.statuses import AuthenticationKind, HttpMethod, Scope, SignatureScheme, WebhookStatus
from app.updates.update import Topic
from app.webhooks.credentials import open_credential, open_headers
from app.webhooks.drafts import AuthenticationDraft, BasicAuthDraft, HeaderDraft
from app.webhooks.fields import WebhookChanges, WebhookDraft
from app.webhooks.lifecycle import (
    Created,
    create_webhook,
    delete_webhook,
    pause_webhook,
    resume_webhook,
    update_webhook,
)
from app.webhooks.live_secrets import live_secrets
from tests.clock import FakeClock
from tests.domain import Domain, open_domain

SMALL = WebhookDraft("Support desk", "https://example.com/hooks", ["ticket.*"])


async def made(domain: Domain, draft: WebhookDraft = SMALL, caller: Caller | None = None) -> Created:
    return await create_webhook(domain.resources, caller or domain.caller, draft)


async def read(domain: Domain, webhook_id: str) -> Webhook:
    return await Webhook.get(id=webhook_id, using_db=domain.resources.database.orm)


async def set_columns(domain: Domain, webhook_id: str, **columns: Any) -> None:
    await Webhook.filter(id=webhook_id).using_db(domain.resources.database.orm).update(**columns)


async def test_a_webhook_is_kept_with_everything_that_was_asked_for(domain: Domain) -> None:
    draft = WebhookDraft(
        name=" Support desk ",
        url="https://bücher.example/hooks",
        event_types=["ticket.*", "agent.error", "ticket.*"],
        description="Tells the desk.",
        filter=' type == "ticket.created" ',
        method=HttpMethod.PUT,
        timeout_seconds=5,
        verify_ssl=False,
        ip_allowlist=["203.0.113.7"],
        headers=[HeaderDraft("X-Tenant", "acme"), HeaderDraft("X-Key", "hunter2", sensitive=True)],
        authentication=AuthenticationDraft(basic=BasicAuthDraft("ada", "hunter3")),
        rotate_secret_every_days=30,
        retry_delays_seconds=[1, 2],
        rate_limit_per_second=7,
        max_in_flight=3,
        metadata={"team": ["desk", None]},
    )

    created = await made(domain, draft)

    webhook, now = await read(domain, created.webhook.id), domain.clock.now()
    assert is_id(WEBHOOK, webhook.id)
    assert (webhook.workspace_id, webhook.name) == (domain.caller.workspace_id, "Support desk")
    assert webhook.url == "https://xn--bcher-kva.example/hooks"
    assert webhook.event_types == ["ticket.*", "agent.error"]
    assert (webhook.description, webhook.filter_expression) == ("Tells the desk.", 'type == "ticket.created"')
    assert (webhook.method, webhook.timeout_seconds, webhook.verify_ssl) == (HttpMethod.PUT, 5, False)
    assert webhook.ip_allowlist == ["203.0.113.7/32"]
    assert (webhook.authentication_kind, webhook.authentication_username) == (AuthenticationKind.BASIC, "ada")
    assert (webhook.retry_delays_seconds, webhook.rate_limit_per_second, webhook.max_in_flight) == ([1, 2], 7, 3)
    assert webhook.metadata == {"team": ["desk", None]}
    assert (webhook.status, webhook.status_reason, webhook.deleted_at) == (WebhookStatus.ACTIVE, None, None)
    assert webhook.created_at == webhook.updated_at == webhook.status_changed_at == now
    assert webhook.next_secret_rotation_at == now + timedelta(days=30)
    cipher = domain.resources.cipher
    assert [(header.name, header.value, header.shown) for header in open_headers(cipher, webhook)] == [
        ("X-Tenant", "acme", "acme"),
        ("X-Key", "hunter2", "••••"),
    ]
    assert open_credential(cipher, webhook) == "hunter3"


async def test_credentials_and_secrets_are_unreadable_in_the_database_and_shown_nowhere(
    domain: Domain, caplog: pytest.LogCaptureFixture
) -> None:
    given = new_secret(SignatureScheme.HMAC_SHA256)
    draft = replace(
        SMALL,
        secret=given,
        headers=[HeaderDraft("X-Tenant", "acme-tenant"), HeaderDraft("X-Key", "hunter2", sensitive=True)],
        authentication=AuthenticationDraft(bearer="hunter2"),
    )
    changes = WebhookChanges(
        headers=[HeaderDraft("X-Key", "hunter3", sensitive=True)],
        authentication=AuthenticationDraft(basic=BasicAuthDraft("ada", "hunter3")),
    )

    with caplog.at_level(logging.DEBUG), capture_logs() as logged:
        created = await made(domain, draft)
        stored = await domain.rows("SELECT * FROM webhook")
        updated = await update_webhook(domain.resources, domain.caller, created.webhook.id, changes)
        deleted = await delete_webhook(domain.resources, domain.caller, created.webhook.id)

    stored += await domain.rows("SELECT * FROM webhook") + await domain.rows("SELECT * FROM secret")
    seen = repr((stored, created, updated, deleted, logged, caplog.text, await domain.audit_log()))
    for secret in ("hunter2", "hunter3", given, given.removeprefix("whsec_")):
        assert secret not in seen
    assert "acme-tenant" not in repr(stored)


async def test_a_secret_is_made_or_taken_and_matches_the_scheme(domain: Domain) -> None:
    given = new_secret(SignatureScheme.ED25519)

    made_here = await made(domain)
    taken = await made(domain, replace(SMALL, secret=f" {given} ", signature_scheme=SignatureScheme.ED25519))

    ids = [made_here.webhook.id, taken.webhook.id]
    secrets = await live_secrets(domain.resources.database, ids, domain.clock.now())
    [hmac], [ed25519] = (secrets[id_] for id_ in ids)
    cipher = domain.resources.cipher
    assert parse_secret(made_here.secret).scheme is SignatureScheme.HMAC_SHA256
    assert cipher.decrypt(hmac.secret, hmac.id) == made_here.secret
    assert (hmac.hint, hmac.public_key, hmac.expires_at) == (made_here.secret[-4:], None, None)
    assert taken.secret == given
    assert cipher.decrypt(ed25519.secret, ed25519.id) == given
    assert ed25519.public_key is not None
    assert ed25519.public_key.startswith("whpk_")


async def test_problems_of_the_draft_and_of_the_secret_come_together_and_nothing_is_written(domain: Domain) -> None:
    before = await domain.registry_version()

    with pytest.raises(Rejected) as refused:
        await made(domain, replace(SMALL, name="", secret="whsec_short"))
    with pytest.raises(Rejected) as mismatched:
        await made(domain, replace(SMALL, secret=new_secret(SignatureScheme.ED25519)))

    assert [problem.path for problem in refused.value.problems] == [("name",), ("secret",)]
    assert mismatched.value.problems == (
        Problem(
            "The secret is for ED25519, but the webhook signs with HMAC_SHA256; give one for that, or none.",
            ("secret",),
            UserErrorCode.INVALID,
        ),
    )
    assert await domain.rows("SELECT id FROM webhook") == []
    assert await domain.rows("SELECT id FROM secret") == []
    assert await domain.registry_version() == before
    assert await domain.audit_log("webhook.created") == []


async def test_a_change_is_audited_announced_and_visible_to_publishers(domain: Domain) -> None:
    version = await domain.registry_version()

    async with domain.announced(Topic.WEBHOOKS, 5) as updates:
        webhook_id = (await made(domain)).webhook.id
        await update_webhook(domain.resources, domain.caller, webhook_id, WebhookChanges(name="Desk", max_in_flight=5))
        await pause_webhook(domain.resources, domain.caller, webhook_id)
        await resume_webhook(domain.resources, domain.caller, webhook_id)
        await delete_webhook(domain.resources, domain.caller, webhook_id)

    assert [(update.subject_id, update.webhook_id) for update in updates] == [(webhook_id, webhook_id)] * 5
    assert await domain.registry_version() == version + 5
    entries = [entry for entry in await domain.audit_log() if entry["subject_id"] == webhook_id]
    assert {(entry["actor"], entry["source_address"]) for entry in entries} == {("Ada", "203.0.113.7")}
    assert [entry["action"] for entry in entries] == [
        "webhook.created",
        "webhook.updated",
        "webhook.paused",
        "webhook.resumed",
        "webhook.deleted",
    ]
    assert entries[0]["changes"]["eventTypes"] == [None, ["ticket.*"]]
    assert [entry["changes"] for entry in entries[1:]] == [
        {"name": ["Support desk", "Desk"], "maxInFlight": [20, 5]},
        {"status": ["ACTIVE", "PAUSED"]},
        {"status": ["PAUSED", "ACTIVE"]},
        {"name": ["Desk", None], "url": ["https://example.com/hooks", None]},
    ]


async def test_an_update_that_changes_nothing_leaves_no_trace(domain: Domain) -> None:
    created = await made(domain, replace(SMALL, headers=[HeaderDraft("X-Key", "hunter2", sensitive=True)]))
    version, entries = await domain.registry_version(), await domain.audit_log()
    changes = WebhookChanges(
        name="Support desk", ip_allowlist=[], headers=[HeaderDraft("X-Key", "••••")], metadata=None, description=None
    )

    domain.clock.advance(1)
    webhook = await update_webhook(domain.resources, domain.caller, created.webhook.id, changes)

    assert webhook.updated_at == created.webhook.updated_at
    assert await domain.registry_version() == version
    assert await domain.audit_log() == entries


async def test_what_a_dashboard_read_it_can_send_back(domain: Domain) -> None:
    created = await made(
        domain,
        replace(SMALL, headers=[HeaderDraft("X-Key", "hunter2", sensitive=True), HeaderDraft("X-Tenant", "acme")]),
    )
    shown = open_headers(domain.resources.cipher, created.webhook)
    sent_back = [HeaderDraft(header.name, header.shown) for header in shown]

    webhook = await update_webhook(
        domain.resources,
        domain.caller,
        created.webhook.id,
        WebhookChanges(headers=[*sent_back, HeaderDraft("X-New", "1")]),
    )

    assert [
        (header.name, header.value, header.sensitive) for header in open_headers(domain.resources.cipher, webhook)
    ] == [
        ("X-Key", "hunter2", True),
        ("X-Tenant", "acme", False),
        ("X-New", "1", False),
    ]


async def test_a_login_stays_when_left_out_and_goes_with_null(domain: Domain) -> None:
    created = await made(domain, replace(SMALL, authentication=AuthenticationDraft(bearer="hunter2")))
    cipher, webhook_id = domain.resources.cipher, created.webhook.id

    kept = await update_webhook(domain.resources, domain.caller, webhook_id, WebhookChanges(name="Desk"))
    kept_token = open_credential(cipher, kept)
    gone = await update_webhook(domain.resources, domain.caller, webhook_id, WebhookChanges(authentication=None))

    assert kept_token == "hunter2"
    assert (gone.authentication_kind, open_credential(cipher, gone)) == (AuthenticationKind.NONE, None)
    [_, entry] = await domain.audit_log("webhook.updated")
    assert entry["changes"] == {
        "authentication": [
            {"kind": "BEARER", "username": None, "credential": "••••"},
            {"kind": "NONE", "username": None, "credential": None},
        ]
    }


async def test_an_update_that_is_wrong_changes_nothing(domain: Domain) -> None:
    created = await made(domain)

    with pytest.raises(Rejected) as refused:
        await update_webhook(
            domain.resources,
            domain.caller,
            created.webhook.id,
            WebhookChanges(name="Desk", url="ftp://x", timeout_seconds=0),
        )

    assert [problem.path for problem in refused.value.problems] == [("url",), ("timeoutSeconds",)]
    assert (await read(domain, created.webhook.id)).name == "Support desk"


async def test_automatic_rotation_is_counted_from_when_it_was_asked_for(domain: Domain) -> None:
    webhook_id = (await made(domain)).webhook.id

    async def changed(days: int | None) -> Webhook:
        domain.clock.advance(timedelta(hours=1))
        changes = WebhookChanges(rotate_secret_every_days=days)
        return await update_webhook(domain.resources, domain.caller, webhook_id, changes)

    assert (await changed(7)).next_secret_rotation_at == domain.clock.now() + timedelta(days=7)
    asked = domain.clock.now()
    assert (await changed(7)).next_secret_rotation_at == asked + timedelta(days=7)
    assert (await changed(None)).next_secret_rotation_at is None


async def test_updates_in_the_same_moment_can_be_told_apart(domain: Domain) -> None:
    created = await made(domain)
    webhook_id = created.webhook.id

    async def renamed(name: str) -> datetime:
        return (await update_webhook(domain.resources, domain.caller, webhook_id, WebhookChanges(name=name))).updated_at

    times = [created.webhook.updated_at, await renamed("one"), await renamed("two")]
    domain.clock.advance(-60)
    times.append(await renamed("three"))

    assert times == sorted(set(times))


async def test_two_updates_at_once_both_take_effect(domain: Domain) -> None:
    webhook_id = (await made(domain)).webhook.id

    await asyncio.gather(
        *(
            update_webhook(domain.resources, domain.caller, webhook_id, changes)
            for changes in (
                WebhookChanges(name="Desk"),
                WebhookChanges(timeout_seconds=7),
                WebhookChanges(max_in_flight=9),
                WebhookChanges(description="Tells the desk."),
            )
        )
    )

    webhook = await read(domain, webhook_id)
    assert (webhook.name, webhook.timeout_seconds, webhook.max_in_flight, webhook.description) == (
        "Desk",
        7,
        9,
        "Tells the desk.",
    )


async def test_a_workspace_has_at_most_as_many_webhooks_as_the_setting_says(
    database_url: str, tmp_path: Path, clock: FakeClock
) -> None:
    async with open_domain(database_url, tmp_path, clock, max_webhooks_per_workspace=2) as domain:
        first = await made(domain)
        await made(domain, caller=domain.stranger)
        outcomes = await asyncio.gather(*(made(domain) for _ in range(4)), return_exceptions=True)

        refused = [outcome for outcome in outcomes if isinstance(outcome, Rejected)]
        assert len(refused) == 3
        message = "The workspace has 2 webhooks; at most 2 are allowed. Delete one that is not used."
        assert refused[0].problems == (Problem(message, (), UserErrorCode.TOO_MANY),)
        await delete_webhook(domain.resources, domain.caller, first.webhook.id)
        await made(domain)


async def test_pausing_twice_changes_nothing_more(domain: Domain) -> None:
    webhook_id = (await made(domain)).webhook.id

    first = await pause_webhook(domain.resources, domain.caller, webhook_id)
    domain.clock.advance(1)
    second = await pause_webhook(domain.resources, domain.caller, webhook_id)

    assert (second.status, second.status_changed_at) == (WebhookStatus.PAUSED, first.status_changed_at)
    assert len(await domain.audit_log("webhook.paused")) == 1


async def test_pausing_a_disabled_webhook_keeps_new_events_for_it_again(domain: Domain) -> None:
    webhook_id = (await made(domain)).webhook.id
    await set_columns(domain, webhook_id, status=WebhookStatus.DISABLED, status_reason="It answered 410 Gone.")

    webhook = await pause_webhook(domain.resources, domain.caller, webhook_id)

    assert (webhook.status, webhook.status_reason) == (WebhookStatus.PAUSED, None)
    [entry] = await domain.audit_log("webhook.paused")
    assert entry["changes"] == {
        "status": ["DISABLED", "PAUSED"],
        "statusReason": ["It answered 410 Gone.", None],
    }


async def test_resuming_forgets_the_failures_and_wakes_what_waits(domain: Domain) -> None:
    webhook_id = (await made(domain)).webhook.id
    now = domain.clock.now()
    await set_columns(
        domain,
        webhook_id,
        status=WebhookStatus.DISABLED,
        status_reason="It answered 410 Gone.",
        consecutive_failures=12,
        failing_since=now,
        held_until=now,
    )

    await resume_webhook(domain.resources, domain.caller, webhook_id)
    await domain.resources.waker.drained()

    webhook = await read(domain, webhook_id)
    assert (webhook.status, webhook.status_reason) == (WebhookStatus.ACTIVE, None)
    assert (webhook.consecutive_failures, webhook.failing_since, webhook.held_until) == (0, None, None)
    assert domain.woken == [webhook_id]


async def test_resuming_an_active_webhook_lets_it_go_on_at_once_and_otherwise_changes_nothing(domain: Domain) -> None:
    webhook_id = (await made(domain)).webhook.id
    await resume_webhook(domain.resources, domain.caller, webhook_id)
    untouched = await domain.audit_log("webhook.resumed")
    await set_columns(domain, webhook_id, consecutive_failures=10, held_until=domain.clock.now())

    webhook = await resume_webhook(domain.resources, domain.caller, webhook_id)

    assert untouched == []
    assert (webhook.held_until, webhook.consecutive_failures) == (None, 0)
    [entry] = await domain.audit_log("webhook.resumed")
    assert entry["changes"] == {"heldUntil": ["2026-03-14T09:26:53.589Z", None]}


async def test_a_deleted_webhook_loses_its_secrets_and_credentials(domain: Domain) -> None:
    created = await made(
        domain,
        replace(
            SMALL,
            headers=[HeaderDraft("X-Key", "hunter2")],
            authentication=AuthenticationDraft(basic=BasicAuthDraft("ada", "hunter2")),
            rotate_secret_every_days=1,
        ),
    )

    deleted_id = await delete_webhook(domain.resources, domain.caller, created.webhook.id)

    webhook = await read(domain, deleted_id)
    assert deleted_id == created.webhook.id
    assert webhook.deleted_at == domain.clock.now()
    assert open_headers(domain.resources.cipher, webhook) == ()
    assert webhook.authentication_kind is AuthenticationKind.NONE
    assert (webhook.authentication_username, webhook.authentication_credential) == (None, None)
    assert webhook.next_secret_rotation_at is None
    assert await Secret.filter(webhook_id=deleted_id).using_db(domain.resources.database.orm) == []


Change = Callable[[Domain, Caller, str], Awaitable[object]]
CHANGES: dict[str, Change] = {
    "update": lambda domain, caller, id_: update_webhook(domain.resources, caller, id_, WebhookChanges(name="x")),
    "pause": lambda domain, caller, id_: pause_webhook(domain.resources, caller, id_),
    "resume": lambda domain, caller, id_: resume_webhook(domain.resources, caller, id_),
    "delete": lambda domain, caller, id_: delete_webhook(domain.resources, caller, id_),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_webhook_of_another_workspace_is_one_that_never_existed(domain: Domain, change: Change) -> None:
    theirs = (await made(domain, caller=domain.stranger)).webhook
    deleted = (await made(domain)).webhook
    await delete_webhook(domain.resources, domain.caller, deleted.id)
    before = await domain.rows("SELECT * FROM webhook ORDER BY id"), await domain.rows("SELECT id FROM audit_entry")

    for webhook_id in (theirs.id, deleted.id, new_id(WEBHOOK, domain.clock.now()), "", "wh_1", "\ud800", "x" * 500):
        with pytest.raises(Rejected) as refused:
            await change(domain, domain.caller, webhook_id)

        message = f'No webhook has the id "{webhook_id[:64]}"; give the id of one in this workspace.'
        assert refused.value.problems == (Problem(message, ("id",), UserErrorCode.NOT_FOUND),)
    after = await domain.rows("SELECT * FROM webhook ORDER BY id"), await domain.rows("SELECT id FROM audit_entry")
    assert after == before
    assert domain.woken == []


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_changing_a_webhook_needs_the_scope_manage(domain: Domain, change: Change) -> None:
    webhook = (await made(domain)).webhook
    other = replace(domain.caller, scopes=frozenset(Scope) - {Scope.MANAGE})

    with pytest.raises(Forbidden):
        await change(domain, other, webhook.id)
    with pytest.raises(Forbidden):
        await made(domain, caller=other)


async def test_times_in_rows_are_microseconds_and_json_is_text_on_both_databases(domain: Domain) -> None:
    created = await made(domain)

    [row] = await domain.rows("SELECT created_at, event_types, metadata FROM webhook WHERE id = $1", created.webhook.id)

    assert row["created_at"] == to_micros(domain.clock.now())
    assert (orjson.loads(row["event_types"]), row["metadata"]) == (["ticket.*"], "{}")
