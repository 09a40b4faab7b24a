"""Lets a recipient end the messages to a contact, by the link in one of them and without a key."""

from app.access import audit
from app.access.caller import system
from app.clock import rfc3339, to_micros
from app.contacts.links import contact_of
from app.services import Services

_UNSUBSCRIBE = """
UPDATE contact SET unsubscribed_at = $2, last_error = $3 WHERE id = $1 AND unsubscribed_at IS NULL
RETURNING workspace_id
"""


def is_link(services: Services, token: str) -> bool:
    """Whether this server made the token of a link."""
    return contact_of(services.cipher, token) is not None


async def unsubscribe(services: Services, token: str) -> bool:
    """Send nothing more to the contact that the link was made for; return False if this server did not make the token.
    The contact stays, and says since when. A contact that is gone or has unsubscribed already is no error.
    """
    contact_id = contact_of(services.cipher, token)
    if contact_id is None:
        return False
    at = services.clock.now()
    said = f"The recipient unsubscribed at {rfc3339(at)}, so nothing is sent any more."
    async with services.database.transaction() as statements:
        for row in await statements.fetch(_UNSUBSCRIBE, contact_id, to_micros(at), said):
            changes = {"unsubscribedAt": [None, rfc3339(at)]}
            await audit.record(statements, system(row["workspace_id"]), "contact.unsubscribed", contact_id, changes, at)
    return True
