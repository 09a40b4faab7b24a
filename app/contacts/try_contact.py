"""Tries a contact: sends a real message now, with the example of an alert, and says whether it went out."""

from app.access import audit
from app.access.caller import Caller
from app.alerts.notices import selects
from app.catalogue.operational import OPERATIONAL_EVENT_TYPES
from app.clock import to_micros
from app.contacts.courier import Courier, Recipient
from app.contacts.lifecycle import find_contact
from app.contacts.message import Alert, Message
from app.contacts.rows import tell_contact
from app.errors import UserErrorCode, rejected
from app.ids import NOTICE, new_id
from app.models import Contact
from app.publishing.draft import example_of
from app.services import Services
from app.statuses import Scope

FIRST_ATTEMPT = 1


async def try_contact(services: Services, courier: Courier, caller: Caller, contact_id: str) -> Contact:
    """Send one test message and wait for its outcome; return the contact, which says whether it went out.
    It is not retried, and digests do not count it.

    Raises:
        Forbidden: the caller lacks MANAGE, or has a narrowed token.
        Rejected: NOT_FOUND; CONFLICT if the recipient has unsubscribed.
    """
    caller.require(Scope.MANAGE)
    contact = await find_contact(services.database, caller, contact_id)
    if contact.unsubscribed_at is not None:
        message = "The recipient has unsubscribed; delete the contact and create it again if the recipient agrees."
        raise rejected(UserErrorCode.CONFLICT, message, "id")
    recipient = Recipient(contact.id, contact.kind, contact.sealed_target, contact.secret)
    sent = await courier.send(recipient, _example(services, contact), FIRST_ATTEMPT)
    at = services.clock.now()
    async with services.database.transaction() as statements:
        await tell_contact(statements, contact.id, sent, to_micros(at))
        await audit.record(statements, caller, "contact.tested", contact.id, {"error": [None, sent.error]}, at)
        return await find_contact(statements, caller, contact_id)


def _example(services: Services, contact: Contact) -> Message:
    """The first kind of alert that the contact receives, as a test event."""
    at = services.clock.now()
    event_type = next(known for known in OPERATIONAL_EVENT_TYPES if selects(contact.events, known.name))
    event = example_of(event_type, to_micros(at))
    webhook_id = event_type.example["webhook"]["id"]
    alert = Alert(event.id, event.type, event.body)
    return Message(new_id(NOTICE, at), webhook_id, {event.type: 1}, [alert], test=True)
