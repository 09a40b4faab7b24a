"""Contacts receive alerts: at once, then at most once an hour about a webhook, whatever happens to a process."""

import asyncio
from datetime import timedelta

import orjson
from standardwebhooks import Webhook as Verifier

from app.clock import to_micros
from app.contacts.lifecycle import create_contact
from app.contacts.messenger import RETRY_DELAYS_SECONDS
from app.contacts.rows import count_waiting
from app.contacts.sealed import seal_target
from app.contacts.validation import ContactDraft
from app.statuses import ContactKind
from tests.app.contacts.office import ADDRESS, Office, messenger_of
from tests.patience import PATIENCE_SECONDS
from tests.receiver import answer, hang, in_turn

HOUR = timedelta(hours=1)


async def test_an_alert_is_told_by_email_with_text_html_and_a_link_to_the_dashboard(office: Office) -> None:
    contact = await office.contact()
    await office.disabled()

    await office.send()
    [mail] = office.mail.mails
    row = await office.row(contact)

    assert (mail.sender, mail.recipients) == ("webhooks@eev.test", [ADDRESS])
    assert mail.message["From"] == "Webhooks <webhooks@eev.test>"
    assert mail.message["Subject"].startswith('The webhook "Billing" was disabled at ')
    link = f"https://webhooks.eev.test/dashboard#/webhooks/{office.webhooks['Billing']}"
    assert "The receiver answered 410 Gone." in mail.body("plain")
    assert link in mail.body("plain")
    assert f'<a href="{link}">' in mail.body("html")
    assert (row["last_told_at"], row["last_error"]) == (to_micros(office.domain.clock.now()), None)


async def test_an_alert_is_told_in_the_format_of_slack(office: Office) -> None:
    await office.contact(ContactKind.SLACK, office.receiver.url("/slack"))
    await office.disabled("<!channel> & co")

    await office.send()
    [request] = office.received("/slack")
    text = orjson.loads(request.body)["text"]

    assert request.header("content-type") == "application/json"
    assert text.startswith('The webhook "&lt;!channel&gt; &amp; co" was disabled')
    assert text.endswith("|Show it in the dashboard>")


async def test_an_alert_is_told_by_a_signed_request_that_is_the_event_itself(office: Office) -> None:
    draft = ContactDraft(ContactKind.WEBHOOK, office.receiver.url("/told"), ["webhook.*"])
    created = await create_contact(office.domain.resources, office.domain.caller, draft)
    await office.disabled()

    await office.send()
    [request] = office.received("/told")
    [event] = await office.domain.rows("SELECT * FROM event")

    assert created.secret is not None
    headers = {name.lower(): value for name, value in request.headers}
    # The fake clock's time is not the verifier's.
    signature = Verifier(created.secret).sign(headers["webhook-id"], office.domain.clock.now(), request.body.decode())
    assert headers["webhook-signature"] == signature
    assert (headers["webhook-id"], request.body.decode()) == (event["id"], event["body"])


async def test_a_contact_is_told_only_of_what_it_selects_and_only_in_its_own_workspace(office: Office) -> None:
    await office.contact(ContactKind.EMAIL, ADDRESS, "webhook.recovered")
    draft = ContactDraft(ContactKind.EMAIL, "eve@example.com", ["*"])
    await create_contact(office.domain.resources, office.domain.stranger, draft)
    await office.disabled()

    assert await office.send() == 0
    assert office.mail.mails == []


async def test_what_follows_within_an_hour_is_summed_up_at_its_end(office: Office) -> None:
    await office.contact()
    await office.contact(ContactKind.WEBHOOK, office.receiver.url("/told"))
    await office.disabled()
    await office.send()
    for _ in range(12):
        await office.recovered()
    await office.disabled()
    await office.disabled("Other")

    of_other = await office.after(HOUR / 2)
    too_early = await office.after(HOUR / 2 - timedelta(seconds=1))
    at_the_end = await office.after(timedelta(seconds=1))
    later = await office.after(HOUR)

    assert (of_other, too_early, at_the_end, later) == (2, 0, 2, 0)
    digest = office.mail.mails[-1]
    assert digest.message["Subject"] == '13 alerts about the webhook "Billing"'
    assert "1 × webhook.disabled, 12 × webhook.recovered" in digest.body("plain")
    body = orjson.loads(office.received("/told")[-1].body)
    assert (body["type"], body["data"]["count"], len(body["data"]["latest"])) == ("alerts.digest", 13, 10)
    assert body["data"]["webhook"]["name"] == "Billing"
    assert await office.domain.rows("SELECT * FROM notice") == []


async def test_the_next_alert_after_a_quiet_hour_is_told_at_once(office: Office) -> None:
    await office.contact()
    await office.disabled()
    await office.send()
    await office.after(HOUR)
    await office.messenger.forget()
    rows = await office.domain.rows("SELECT * FROM contact_message")
    await office.recovered()

    assert rows == []
    assert await office.send() == 1
    assert len(office.mail.mails) == 2


async def test_a_mail_server_that_greylists_gets_the_message_again_later(office: Office) -> None:
    contact = await office.contact()
    office.mail.refuse("451 4.7.1 Greylisted, try again later")
    await office.disabled()
    await office.send()
    row = await office.row(contact)
    at_once = await office.send()
    await office.after(timedelta(seconds=RETRY_DELAYS_SECONDS[0] * 1.1))

    assert row["last_error"] == "The mail server refused the recipient: 451 4.7.1 Greylisted, try again later"
    assert row["last_told_at"] is None
    assert at_once == 0
    [mail] = office.mail.mails
    assert (await office.row(contact))["last_error"] is None
    assert mail.message["Message-ID"].startswith("<ntc_")


async def test_an_alert_that_comes_while_a_message_is_retried_belongs_to_the_next_one(office: Office) -> None:
    await office.contact(ContactKind.WEBHOOK, office.receiver.url("/told"))
    office.receiver.on("/told", in_turn(answer(500), answer()))
    await office.disabled()
    await office.send()
    await office.recovered()
    await office.after(timedelta(seconds=RETRY_DELAYS_SECONDS[0] * 1.1))
    await office.after(HOUR)

    first, again, second = office.received("/told")
    assert first.body == again.body
    assert first.header("webhook-id") == again.header("webhook-id") != second.header("webhook-id")
    assert (first.header("webhook-attempt"), again.header("webhook-attempt")) == ("1", "2")
    assert orjson.loads(second.body)["type"] == "webhook.recovered"


async def test_an_unknown_mailbox_is_not_tried_again(office: Office) -> None:
    contact = await office.contact()
    office.mail.refuse("550 5.1.1 No such user")
    await office.disabled()
    await office.send()
    again = await office.after(timedelta(minutes=30))

    assert again == 0
    assert (await office.row(contact))["last_error"] == "The mail server refused the recipient: 550 5.1.1 No such user"
    assert await office.domain.rows("SELECT * FROM notice") == []


async def test_a_message_is_given_up_when_no_retry_is_left_and_the_next_one_is_told(office: Office) -> None:
    contact = await office.contact(ContactKind.SLACK, office.receiver.url("/slack"))
    office.receiver.on("/slack", answer(404, body=b"no_service"))
    await office.disabled()
    await office.send()
    for delay in RETRY_DELAYS_SECONDS:
        assert await office.after(timedelta(seconds=delay * 1.1)) == 1
    nothing_left = await office.after(timedelta(days=2))
    office.receiver.on("/slack", answer())
    await office.recovered()
    sent = await office.send()

    assert (nothing_left, sent) == (0, 1)
    assert (await office.row(contact))["last_error"] is None


async def test_attempts_are_counted_by_result_and_what_waits_is_counted(office: Office) -> None:
    await office.contact(ContactKind.SLACK, office.receiver.url("/slack"))
    await office.contact(ContactKind.WEBHOOK, office.receiver.url("/told"))
    office.receiver.on("/slack", answer(503))
    database, clock = office.domain.resources.database, office.domain.clock
    await office.disabled()
    waiting = [await count_waiting(database, clock.now())]
    await office.send()
    waiting.append(await count_waiting(database, clock.now()))
    await office.recovered()
    waiting.append(await count_waiting(database, clock.now()))
    for delay in RETRY_DELAYS_SECONDS[:-1]:
        await office.after(timedelta(seconds=delay * 1.1))
    office.receiver.on("/slack", answer(404))
    await office.after(timedelta(seconds=RETRY_DELAYS_SECONDS[-1] * 1.1))
    metrics = office.domain.resources.metrics.registry
    counted = [
        metrics.get_sample_value("eev_webhooks_contact_messages_total", {"result": result})
        for result in ("sent", "retried", "failed")
    ]

    # Both are due; one was sent; the next message to that one waits for its hour.
    assert waiting == [2, 1, 1]
    assert counted == [2, len(RETRY_DELAYS_SECONDS), 1]


async def test_a_message_that_a_dead_process_was_sending_goes_out_again(office: Office) -> None:
    await office.contact(ContactKind.WEBHOOK, office.receiver.url("/told"))
    office.receiver.on("/told", in_turn(hang(), answer()))
    await office.disabled()
    await office.messenger.send_due()
    await office.receiver.received()
    held = await messenger_of(office.domain).send_due()
    # Neither its record nor its lease survives it.
    await office.messenger.stop(0)
    await office.recovered()
    await office.domain.resources.database.execute("DELETE FROM worker")
    await office.domain.resources.lease.begin()
    other = messenger_of(office.domain)
    started = await other.send_due()
    await other.finished()

    assert (held, started) == (0, 1)
    first, again = office.received("/told")
    assert first.body == again.body


async def test_a_process_frees_what_it_claimed_and_could_not_record(office: Office) -> None:
    await office.contact()
    await office.disabled()
    database = office.domain.resources.database
    await database.execute("ALTER TABLE contact RENAME COLUMN last_error TO gone")
    await office.send()
    await database.execute("ALTER TABLE contact RENAME COLUMN gone TO last_error")
    started = await office.send()

    assert started == 1
    assert [row["claimed_by"] for row in await office.domain.rows("SELECT * FROM contact_message")] == [None]


async def test_two_processes_send_a_message_once(office: Office) -> None:
    await office.contact()
    await office.disabled()
    other = messenger_of(office.domain)

    started = [await office.messenger.send_due(), await other.send_due()]
    await office.messenger.finished()
    await other.finished()

    assert sorted(started) == [0, 1]
    assert len(office.mail.mails) == 1


async def test_a_contact_that_hangs_holds_up_no_other(office: Office) -> None:
    await office.contact(ContactKind.SLACK, office.receiver.url("/slack"))
    office.receiver.on("/slack", hang())
    for number in range(25):
        await office.disabled(f"Webhook {number}")
    await office.messenger.send_due()
    await office.contact()
    await office.disabled()
    await office.messenger.send_due()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not office.mail.mails:
            await office.messenger.send_due()

    assert len(office.received("/slack")) <= 2
    await office.messenger.stop(0)


async def test_a_request_to_a_private_address_is_blocked(office: Office) -> None:
    contact = await office.contact(ContactKind.SLACK, "https://hooks.example.com/slack")
    # As a name that resolves to it later.
    sealed = seal_target(office.domain.resources.cipher, contact.id, "https://10.0.0.1/slack")
    await office.domain.resources.database.execute("UPDATE contact SET sealed_target = $1", sealed)
    await office.disabled()
    await office.send()

    assert "10.0.0.1" in (await office.row(contact))["last_error"]
    assert "private" in (await office.row(contact))["last_error"]
