"""Contacts are checked, counted, audited, masked and encrypted, and belong to their workspace."""

from dataclasses import replace

import pytest

from app.access.narrowing import Narrowing
from app.contacts import lifecycle
from app.contacts.lifecycle import create_contact, delete_contact, list_contacts
from app.contacts.sealed import open_target, shown_target
from app.contacts.try_contact import try_contact
from app.contacts.validation import ContactDraft, checked
from app.encryption import Cipher
from app.errors import Forbidden, Problem, Rejected
from app.settings import Settings
from app.statuses import ContactKind, Scope
from app.webhooks.reencryption import reencrypt
from tests.app.contacts.office import ADDRESS, Office, courier_of
from tests.receiver import answer

SLACK = "https://hooks.slack.com/services/T024BE7LD/B01ABCDEFGH/Xq3rT9vLm2Pz7wKc5NdY8aBs"


def draft(kind: ContactKind = ContactKind.EMAIL, target: str = ADDRESS, *events: str) -> ContactDraft:
    return ContactDraft(kind, target, events or ("webhook.*",))


async def problems_of(office: Office, asked: ContactDraft) -> list[tuple[str, str, str]]:
    with pytest.raises(Rejected) as refusal:
        await create_contact(office.domain.resources, office.domain.caller, asked)
    return [(".".join(problem.path), problem.code, problem.message) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("", "REQUIRED", "empty"),
        ("ops", "INVALID", "not an email address"),
        ("ops@example.com, eve@example.com", "INVALID", "not an email address"),
        ("ops@example.com\r\nBcc: eve@example.com", "INVALID", "not an email address"),
        ('"ops"@example.com', "INVALID", "not an email address"),
        ("ops@exam ple.com", "INVALID", "not an email address"),
        ("ops@example.com>", "INVALID", "not an email address"),
        (f"{'a' * 65}@example.com", "INVALID", "too long"),
        ("ops@ex\u0430mple\u3002", "INVALID", "not an email address"),
    ],
)
async def test_an_address_that_is_not_exactly_one_is_refused(office: Office, target: str, code: str, said: str) -> None:
    [(path, got, message)] = await problems_of(office, draft(target=target))

    assert (path, got) == ("target", code)
    assert said in message


@pytest.mark.parametrize("kind", [ContactKind.SLACK, ContactKind.WEBHOOK])
@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("hooks.slack.com/x", "INVALID"),
        ("https://10.0.0.1/x", "URL_NOT_ALLOWED"),
        ("https://example.com:25/x", "URL_NOT_ALLOWED"),
        ("https://user:secret@example.com/x", "INVALID"),
    ],
)
async def test_a_url_is_held_to_the_rules_of_webhooks(
    office: Office, kind: ContactKind, target: str, code: str
) -> None:
    [(path, got, message)] = await problems_of(office, draft(kind, target))

    assert (path, got) == ("target", code)
    assert "secret@" not in message


async def test_events_are_names_or_patterns_of_alerts(office: Office) -> None:
    wrong = await problems_of(office, draft(ContactKind.EMAIL, ADDRESS, "webhook.disable", "ticket.created", "*"))
    [none] = await problems_of(office, ContactDraft(ContactKind.EMAIL, ADDRESS, []))

    assert [(path, code) for path, code, _ in wrong] == [("events.0", "INVALID"), ("events.1", "INVALID")]
    assert 'Did you mean "webhook.disabled"' in wrong[0][2]
    assert none[:2] == ("events", "REQUIRED")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "SMTP_HOST, SMTP_FROM and PUBLIC_URL"),
        ({"public_url": "https://webhooks.example.com"}, "SMTP_HOST and SMTP_FROM"),
        ({"public_url": "https://webhooks.example.com", "smtp_from": "webhooks@example.com"}, "SMTP_HOST"),
    ],
)
def test_an_email_address_on_a_server_without_email_names_the_settings_that_are_missing(
    given: dict[str, str], named: str
) -> None:
    without_email = Settings(_env_file=None).model_copy(update={"public_url": None, **given})
    problems: list[Problem] = []

    checked(problems, draft(ContactKind.EMAIL, ADDRESS, "*"), without_email)

    message = f"This server sends no email; set {named}, or choose another kind."
    assert [(problem.path, problem.message) for problem in problems] == [(("kind",), message)]


async def test_a_contact_is_created_listed_and_deleted_with_entries_in_the_audit_log(office: Office) -> None:
    domain = office.domain
    created = await create_contact(domain.resources, domain.caller, draft(ContactKind.SLACK, SLACK))
    listed = await list_contacts(domain.resources.database, domain.caller)
    of_others = await list_contacts(domain.resources.database, domain.stranger)
    await delete_contact(domain.resources, domain.caller, created.contact.id)

    assert [(contact.id, contact.kind, contact.events) for contact in listed] == [
        (created.contact.id, ContactKind.SLACK, ["webhook.*"])
    ]
    assert of_others == []
    assert await list_contacts(domain.resources.database, domain.caller) == []
    log = [entry for entry in await domain.audit_log() if entry["action"].startswith("contact.")]
    assert [entry["action"] for entry in log] == ["contact.created", "contact.deleted"]
    assert "Xq3rT9vLm2Pz7wKc5NdY8aBs" not in str(log)


async def test_what_gives_access_in_a_url_is_encrypted_and_masked(office: Office) -> None:
    domain = office.domain
    await create_contact(domain.resources, domain.caller, draft(ContactKind.SLACK, SLACK))
    await create_contact(
        domain.resources, domain.caller, draft(ContactKind.WEBHOOK, "https://example.com/x?key=hidden")
    )
    rows = await domain.rows("SELECT * FROM contact ORDER BY id")

    assert [row["target"] for row in rows] == [
        "https://hooks.slack.com/services/T024BE7LD/B01ABCDEFGH/••••",
        "https://example.com/x?key=••••",
    ]
    assert "Xq3rT9vLm2Pz7wKc5NdY8aBs" not in str(rows)
    assert "hidden" not in str(rows)
    assert open_target(domain.resources.cipher, rows[0]["id"], rows[0]["sealed_target"]) == SLACK


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://discord.com/api/webhooks/123456789012345678/tok_en/slack",
            "https://discord.com/api/webhooks/••••/tok_en/••••",
        ),
        ("https://chat.example.com/hooks/xen8w1c7ypdf8gmn1q4e5ek4hr", "https://chat.example.com/hooks/••••"),
        ("https://chat.example.com/slack?token=abc", "https://chat.example.com/slack?token=••••"),
    ],
)
def test_a_slack_url_shows_nothing_that_may_be_a_token(url: str, shown: str) -> None:
    assert shown_target(ContactKind.SLACK, url) == shown


async def test_targets_and_secrets_are_encrypted_again_with_a_new_key(office: Office) -> None:
    domain, old = office.domain, b"1" * 32
    await create_contact(domain.resources, domain.caller, draft(ContactKind.WEBHOOK, office.receiver.url("/told")))
    [row] = await domain.rows("SELECT * FROM contact")
    with_old = Cipher([old])
    for column, context in (("sealed_target", "target"), ("secret", "secret")):
        plain = domain.resources.cipher.decrypt(row[column], f"{row['id']}.{context}")
        sealed = with_old.encrypt(plain, f"{row['id']}.{context}")
        await domain.resources.database.execute(f"UPDATE contact SET {column} = $1", sealed)
    new = Cipher([b"2" * 32, old])

    await reencrypt(domain.resources.database, new)
    [row] = await domain.rows("SELECT * FROM contact")

    assert not new.needs_rotation(row["sealed_target"])
    assert not new.needs_rotation(row["secret"])


async def test_a_workspace_has_a_bounded_number_of_contacts_and_none_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = office.domain
    await create_contact(domain.resources, domain.caller, draft())
    twice = await problems_of(office, draft())
    await create_contact(domain.resources, domain.caller, draft(ContactKind.EMAIL, ADDRESS, "*"))
    monkeypatch.setattr(lifecycle, "MAX_CONTACTS", 2)
    too_many = await problems_of(office, draft(target="other@example.com"))

    assert [problem[:2] for problem in twice] == [("target", "TAKEN")]
    assert [problem[:2] for problem in too_many] == [("", "TOO_MANY")]


async def test_contacts_need_manage_and_all_of_the_workspace(office: Office) -> None:
    domain = office.domain
    created = await create_contact(domain.resources, domain.caller, draft())
    reader = replace(domain.caller, scopes=frozenset({Scope.READ}))
    narrowed = replace(domain.caller, narrowing=Narrowing.of(None, ["ticket.*"]))
    courier = courier_of(domain)
    for caller in (reader, narrowed):
        with pytest.raises(Forbidden):
            await create_contact(domain.resources, caller, draft(target="other@example.com"))
        with pytest.raises(Forbidden):
            await delete_contact(domain.resources, caller, created.contact.id)
        with pytest.raises(Forbidden):
            await try_contact(domain.resources, courier, caller, created.contact.id)
    with pytest.raises(Rejected, match="No contact has the id"):
        await try_contact(domain.resources, courier, domain.stranger, created.contact.id)
    with pytest.raises(Rejected, match="No contact has the id"):
        await delete_contact(domain.resources, domain.stranger, created.contact.id)
    assert len(await list_contacts(domain.resources.database, reader)) == 1


async def test_a_test_sends_a_real_message_and_says_whether_it_went_out(office: Office) -> None:
    domain, courier = office.domain, courier_of(office.domain)
    mailed = await office.contact(ContactKind.EMAIL, ADDRESS, "secret.*")
    slack = await office.contact(ContactKind.SLACK, office.receiver.url("/services/T0/B0/very-secret-token"))
    office.receiver.on("/services/T0/B0/very-secret-token", answer(404, body=b"no_service very-secret-token"))

    ok = await try_contact(domain.resources, courier, domain.caller, mailed.id)
    failed = await try_contact(domain.resources, courier, domain.caller, slack.id)

    assert (ok.last_told_at, ok.last_error) == (domain.clock.now(), None)
    assert office.mail.mails[0].message["Subject"].startswith("Test: A secret of the webhook")
    assert (failed.last_told_at, failed.last_error) == (None, "The receiver answered 404: no_service ••••")
    assert [entry["action"] for entry in await domain.audit_log("contact.tested")] == ["contact.tested"] * 2


async def test_what_waits_for_a_deleted_contact_is_dropped(office: Office) -> None:
    contact = await office.contact()
    await office.disabled()
    await delete_contact(office.domain.resources, office.domain.caller, contact.id)
    await office.send()

    assert office.mail.mails == []
    assert await office.domain.rows("SELECT * FROM notice") == []
