"""Contacts of a workspace, a mail server and a receiver for their messages, and the messenger of one process."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.alerts import alert
from app.alerts.alert import Alert
from app.clock import to_micros
from app.contacts.courier import Courier
from app.contacts.lifecycle import create_contact
from app.contacts.messenger import Messenger
from app.contacts.validation import ContactDraft
from app.database.database import Row, Statements
from app.models import Contact
from app.publishing.commit import Published
from app.statuses import ContactKind, WebhookStatusReason
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.clock import FakeClock
from tests.domain import Domain, open_domain
from tests.mail_server import MailServer
from tests.receiver import Received, Receiver

ADDRESS = "ops@example.com"


@dataclass
class Office:
    """Everything that tells contacts."""

    domain: Domain
    mail: MailServer
    receiver: Receiver
    messenger: Messenger
    webhooks: dict[str, str] = field(default_factory=dict)

    async def contact(self, kind: ContactKind = ContactKind.EMAIL, target: str = ADDRESS, *events: str) -> Contact:
        """Create a contact, by default for all alerts."""
        created = await create_contact(
            self.domain.resources, self.domain.caller, ContactDraft(kind, target, events or ("*",))
        )
        return created.contact

    async def webhook(self, name: str = "Billing") -> str:
        """The ID of the webhook with this name."""
        if name not in self.webhooks:
            draft = WebhookDraft(name=name, url=self.receiver.url("/receiver"), event_types=["ticket.*"])
            created = await create_webhook(self.domain.resources, self.domain.caller, draft)
            self.webhooks[name] = created.webhook.id
        return self.webhooks[name]

    async def disabled(self, name: str = "Billing") -> None:
        """Publish the alert that a webhook was disabled."""
        at = to_micros(self.domain.clock.now())
        reason = "The receiver answered 410 Gone."
        workspace_id = self.domain.caller.workspace_id
        webhook_id = await self.webhook(name)
        await self.publish([alert.disabled(workspace_id, webhook_id, at, WebhookStatusReason.GONE, reason)])

    async def recovered(self, name: str = "Billing") -> None:
        """Publish the alert that a webhook works again."""
        at = to_micros(self.domain.clock.now())
        await self.publish([alert.recovered(self.domain.caller.workspace_id, await self.webhook(name), at, None)])

    async def publish(self, alerts: Sequence[Alert]) -> None:
        """Publish alerts in a transaction, as what changes a state does."""
        resources, at = self.domain.resources, to_micros(self.domain.clock.now())

        async def work(statements: Statements) -> Published:
            registries = await resources.alerts.registries_of(statements, {each.workspace_id for each in alerts})
            return await resources.alerts.write(statements, registries, alerts, at)

        await resources.database.in_transaction(work)

    async def send(self) -> int:
        """Send what is due, and wait for the outcomes; return how many messages were started."""
        started = await self.messenger.send_due()
        await self.messenger.finished()
        return started

    async def after(self, time: timedelta) -> int:
        """Move the clock, and send what is due then."""
        self.domain.clock.advance(time)
        await self.domain.resources.lease.renew()
        return await self.send()

    def received(self, path: str) -> list[Received]:
        """The requests to a path so far."""
        return [request for request in self.receiver.requests if request.path == path]

    async def row(self, contact: Contact) -> Row:
        """The contact's row as it is now."""
        [row] = await self.domain.rows("SELECT * FROM contact WHERE id = $1", contact.id)
        return row


def courier_of(domain: Domain) -> Courier:
    """A courier of the domain's own."""
    resources = domain.resources
    return Courier.of(resources.settings, resources.clock, resources.cipher, resources.sender)


def messenger_of(domain: Domain) -> Messenger:
    """A messenger as a process has one."""
    resources = domain.resources
    return Messenger(
        resources.database, domain.clock, resources.lease, courier_of(domain), resources.metrics.told_contact
    )


@asynccontextmanager
async def open_office(
    database_url: str, directory: Path, clock: FakeClock, mail: MailServer, **settings: Any
) -> AsyncIterator[Office]:
    """Open a domain that sends mail through `mail`."""
    defaults = {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail.port,
        "smtp_security": "none",
        "smtp_from": "Webhooks <webhooks@eev.test>",
        "public_url": "https://webhooks.eev.test",
    }
    async with (
        Receiver() as receiver,
        open_domain(database_url, directory, clock, **(defaults | settings)) as domain,
    ):
        yield Office(domain, mail, receiver, messenger_of(domain))
