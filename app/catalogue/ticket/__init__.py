"""The event types about tickets, in the order of the documentation."""

from app.catalogue.ticket.assigned import TICKET_ASSIGNED
from app.catalogue.ticket.created import TICKET_CREATED
from app.catalogue.ticket.reopened import TICKET_REOPENED
from app.catalogue.ticket.resolved import TICKET_RESOLVED
from app.catalogue.ticket.updated import TICKET_UPDATED

TICKET_EVENT_TYPES = (TICKET_CREATED, TICKET_UPDATED, TICKET_RESOLVED, TICKET_REOPENED, TICKET_ASSIGNED)
