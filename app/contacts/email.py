"""Writes a message as an email: text and HTML, with links and the headers by which a recipient unsubscribes.

Pure. Every header is set through `email.message`, which refuses line breaks, and every text in the HTML is escaped.
"""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from app.contacts.message import Line, Message, lines, subject, summary

# RFC 5322 section 2.1.1 allows 998; a list of mails shows fewer.
_MAX_SUBJECT_CHARACTERS = 150
_FOOT = "You get this because somebody entered this address as a contact of webhooks, for alerts about them."
_TEST = "Somebody tries this contact. Nothing in this message has happened."


def compose(
    message: Message,
    *,
    sender: Address,
    recipient: str,
    links: list[str | None],
    unsubscribe: str,
    at: datetime,
) -> bytes:
    """The email as it is handed to the mail server.

    Args:
        recipient: a checked address.
        links: to more about each of the message's lines; None without a dashboard.
        unsubscribe: link to unsubscribe.
    """
    email = EmailMessage(policy=SMTP)
    email["From"] = sender
    email["To"] = Address(addr_spec=recipient)
    email["Subject"] = _shortened(subject(message))
    email["Date"] = format_datetime(at)
    # The same on every attempt, so that mail servers and readers can drop doubles.
    email["Message-ID"] = f"<{message.id}@{sender.domain}>"
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answer from an absent person's program
    email["List-Unsubscribe"] = f"<{unsubscribe}>"
    email["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    told = list(zip(lines(message), links, strict=True))
    email.set_content(_text(message, told, unsubscribe), cte="quoted-printable")
    email.add_alternative(_html(message, told, unsubscribe), subtype="html", cte="quoted-printable")
    return email.as_bytes()


def _text(message: Message, told: list[tuple[Line, str | None]], unsubscribe: str) -> str:
    parts = [_TEST] if message.test else []
    if head := summary(message):
        parts.append(head)
    parts += [f"{line.sentence}\n{link}" if link else line.sentence for line, link in told]
    return "\n\n".join([*parts, f"-- \n{_FOOT}\nUnsubscribe: {unsubscribe}"]) + "\n"


def _html(message: Message, told: list[tuple[Line, str | None]], unsubscribe: str) -> str:
    parts = [f"<p><strong>{_TEST}</strong></p>"] if message.test else []
    if head := summary(message):
        parts.append(f"<p>{escape(head)}</p>")
    for line, link in told:
        more = f' <a href="{escape(link)}">Show it in the dashboard</a>' if link else ""
        parts.append(f"<p>{escape(line.sentence)}{more}</p>")
    foot = f'{_FOOT} <a href="{escape(unsubscribe)}">Unsubscribe</a>'
    body = "\n".join([*parts, "<hr>", f"<p><small>{foot}</small></p>"])
    return f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><body>\n{body}\n</body></html>\n'


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_SUBJECT_CHARACTERS else f"{text[: _MAX_SUBJECT_CHARACTERS - 1]}…"
