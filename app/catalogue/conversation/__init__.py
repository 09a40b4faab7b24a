"""The event types about conversations, in the order of the documentation."""

from app.catalogue.conversation.closed import CONVERSATION_CLOSED
from app.catalogue.conversation.created import CONVERSATION_CREATED
from app.catalogue.conversation.escalated import CONVERSATION_ESCALATED
from app.catalogue.conversation.transferred import CONVERSATION_TRANSFERRED
from app.catalogue.conversation.updated import CONVERSATION_UPDATED

CONVERSATION_EVENT_TYPES = (
    CONVERSATION_CREATED,
    CONVERSATION_UPDATED,
    CONVERSATION_CLOSED,
    CONVERSATION_ESCALATED,
    CONVERSATION_TRANSFERRED,
)
