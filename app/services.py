"""What most functions of the domain use, as one value that names every part they may touch.

A function that needs one or two of these takes them as separate arguments; one that needs more takes `Services`. It
does not contain what claims, sends and records: nothing here can start a request.
"""

from dataclasses import dataclass

from app.clock import Clock
from app.database.database import Database
from app.encryption import Cipher
from app.registry import Registries
from app.settings import Settings
from app.updates.bus import Updates
from app.waker import Waker


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The open parts of one process that the domain's functions share."""

    settings: Settings
    clock: Clock
    database: Database
    cipher: Cipher
    updates: Updates
    waker: Waker
    registries: Registries
