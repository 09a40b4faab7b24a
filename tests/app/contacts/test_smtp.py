"""The mail server is used as the settings say, and whatever it answers is a reason to show."""

import ssl
from typing import Any

import pytest

from app.contacts.smtp import Mailer
from app.settings import Settings
from app.statuses import AttemptOutcome
from tests import certificates
from tests.mail_server import MailServer

EMAIL = b"Subject: Hello\r\n\r\nHello.\r\n"
TO = "ops@example.com"
LOGIN = ("webhooks", "correct-horse")


def mailer(port: int, tls: ssl.SSLContext | None = None, **settings: Any) -> Mailer:
    given = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_from": "webhooks@eev.test", **settings}
    return Mailer(Settings(_env_file=None, **given), tls)


def login(password: str) -> dict[str, str]:
    return {"smtp_username": LOGIN[0], "smtp_password": password}


async def test_mail_is_handed_over_encrypted_and_after_a_login() -> None:
    async with MailServer(tls=certificates.server_context(), login=LOGIN) as server:
        sent = await mailer(server.port, certificates.client_context(), **login(LOGIN[1])).send(TO, EMAIL)

    assert sent.ok
    [mail] = server.mails
    assert (mail.encrypted, mail.username, mail.recipients) == (True, LOGIN[0], [TO])


async def test_a_wrong_password_is_said_and_not_shown_and_tried_again_later() -> None:
    async with MailServer(tls=certificates.server_context(), login=LOGIN) as server:
        sent = await mailer(server.port, certificates.client_context(), **login("wrong-password")).send(TO, EMAIL)

    assert not sent.ok
    assert not sent.final
    assert "535" in str(sent.error)
    assert "wrong-password" not in str(sent.error)


async def test_a_certificate_that_is_not_valid_gets_neither_login_nor_mail() -> None:
    async with MailServer(tls=certificates.server_context(), login=LOGIN) as server:
        sent = await mailer(server.port, ssl.create_default_context(), **login(LOGIN[1])).send(TO, EMAIL)

    assert (sent.outcome, sent.final, server.mails) == (AttemptOutcome.TLS_ERROR, False, [])


async def test_a_connection_begins_with_tls_if_the_setting_says_so() -> None:
    async with MailServer(tls_from_the_start=certificates.server_context()) as server:
        sent = await mailer(server.port, certificates.client_context(), smtp_security="tls").send(TO, EMAIL)

    assert sent.ok
    assert len(server.mails) == 1


async def test_starttls_is_required_of_the_mail_server() -> None:
    async with MailServer() as server:
        sent = await mailer(server.port).send(TO, EMAIL)

    assert not sent.ok
    assert "STARTTLS" in str(sent.error)
    assert server.mails == []


@pytest.mark.parametrize(
    ("reply", "final"),
    [("450 4.2.1 Mailbox busy", False), ("550 5.1.1 No such user", True), ("421 4.3.2 Shutting down", False)],
)
async def test_a_recipient_is_refused_for_good_only_by_a_permanent_reply(reply: str, final: bool) -> None:
    async with MailServer() as server:
        server.refuse(reply)
        sent = await mailer(server.port, smtp_security="none").send(TO, EMAIL)

    assert (sent.final, sent.error) == (final, f"The mail server refused the recipient: {reply}")


@pytest.mark.parametrize(("reply", "final"), [("451 4.3.0 Try again", False), ("554 5.7.1 Spam", True)])
async def test_a_message_is_refused_for_good_only_by_a_permanent_reply(reply: str, final: bool) -> None:
    async with MailServer() as server:
        server.refuse_message(reply)
        sent = await mailer(server.port, smtp_security="none").send(TO, EMAIL)

    assert (sent.final, sent.error) == (final, f"The mail server refused the message: {reply}")


async def test_a_mail_server_that_is_away_is_a_reason_to_try_again() -> None:
    async with MailServer() as server:
        port = server.port
    sent = await mailer(port, smtp_security="none").send(TO, EMAIL)

    assert (sent.outcome, sent.final) == (AttemptOutcome.CONNECTION_ERROR, False)
    assert str(sent.error).startswith("The mail server cannot be used:")
