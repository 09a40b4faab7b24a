"""Sends one message to one contact, by the contact's kind. The guard, the deadline and the caps are those of
deliveries.
"""

from dataclasses import dataclass
from typing import NamedTuple

import httpx

from app.clock import Clock
from app.contacts.email import compose
from app.contacts.links import Links
from app.contacts.message import Message, lines
from app.contacts.outcome import Sent
from app.contacts.requests import slack_request, webhook_request
from app.contacts.sealed import credentials, open_secret, open_target
from app.contacts.smtp import Mailer
from app.delivery.redaction import without_credentials
from app.email_addresses import sender
from app.encryption import Cipher, NotDecrypted
from app.sender.outcome import Answered, Unreachable
from app.sender.sender import Sender
from app.settings import Settings
from app.statuses import AttemptOutcome, ContactKind

_MAX_SHOWN_CHARACTERS = 200


class Recipient(NamedTuple):
    """A contact as its row holds it."""

    id: str
    kind: ContactKind
    sealed_target: str
    secret: str | None


@dataclass(frozen=True, slots=True)
class Courier:
    """Sends messages with the sender and the mail server of this process."""

    settings: Settings
    clock: Clock
    cipher: Cipher
    sender: Sender
    mailer: Mailer

    @classmethod
    def of(cls, settings: Settings, clock: Clock, cipher: Cipher, sender: Sender) -> "Courier":
        """A courier with a mailer of its own."""
        return cls(settings, clock, cipher, sender, Mailer(settings))

    async def send(self, recipient: Recipient, message: Message, number: int) -> Sent:
        """Make attempt `number` of a message. Raises nothing for failures of the recipient or the network."""
        try:
            target = open_target(self.cipher, recipient.id, recipient.sealed_target)
            secret = None if recipient.secret is None else open_secret(self.cipher, recipient.id, recipient.secret)
        except NotDecrypted as error:
            return Sent(AttemptOutcome.PROTOCOL_ERROR, str(error))
        links = Links.of(self.settings, self.cipher)
        # The things in a test message do not exist.
        more = [None if message.test else links.to(line.place) for line in lines(message)]
        if recipient.kind is ContactKind.EMAIL:
            return await self._email(recipient.id, target, message, links, more)
        if recipient.kind is ContactKind.SLACK:
            request = slack_request(message, target, more)
        else:
            request = webhook_request(message, target, secret or "", number, self.clock.now())
        return await self._request(recipient.kind, target, request)

    async def _email(
        self, contact_id: str, address: str, message: Message, links: Links, more: list[str | None]
    ) -> Sent:
        unsubscribe, smtp_from = links.to_unsubscribe(contact_id), self.settings.smtp_from
        if unsubscribe is None or smtp_from is None:
            text = "The server does not send email any more (settings SMTP_HOST, SMTP_FROM and PUBLIC_URL)."
            return Sent(AttemptOutcome.CONNECTION_ERROR, text)
        email = compose(
            message,
            sender=sender(smtp_from),
            recipient=address,
            links=more,
            unsubscribe=unsubscribe,
            at=self.clock.now(),
        )
        return await self.mailer.send(address, email)

    async def _request(self, kind: ContactKind, url: str, request: httpx.Request) -> Sent:
        answer = without_credentials(await self.sender.send(request), credentials(kind, url))
        return _sent(answer)


def _sent(answer: Answered | Unreachable) -> Sent:
    if isinstance(answer, Unreachable):
        return Sent(answer.outcome, answer.error, status=answer.status, not_asked=answer.not_asked)
    if answer.succeeded:
        return Sent(AttemptOutcome.SUCCEEDED, status=answer.status)
    said = " ".join(answer.body.split())[:_MAX_SHOWN_CHARACTERS]
    shown = "".join(character for character in said if character.isprintable())
    error = f"The receiver answered {answer.status}" + (f": {shown}" if shown else ".")
    return Sent(AttemptOutcome.HTTP_ERROR, error, status=answer.status, retry_after=answer.retry_after)
