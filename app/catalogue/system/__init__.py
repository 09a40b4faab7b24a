"""The event types about the platform itself, in the order of the documentation."""

from app.catalogue.system.backup import SYSTEM_BACKUP
from app.catalogue.system.error import SYSTEM_ERROR
from app.catalogue.system.maintenance import SYSTEM_MAINTENANCE
from app.catalogue.system.update import SYSTEM_UPDATE

SYSTEM_EVENT_TYPES = (SYSTEM_MAINTENANCE, SYSTEM_ERROR, SYSTEM_BACKUP, SYSTEM_UPDATE)
