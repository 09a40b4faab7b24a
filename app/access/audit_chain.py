"""The chain of the audit log: what is hashed of an entry, and what a changed, missing or added entry breaks. Pure.

    text   of entry n: JSON of all its stored values, its number, and the hash of entry n - 1
    hash   of entry n: SHA-256 of this text, in hex

So an entry cannot be changed or taken away without changing all that follow. Anyone who can write the database can
change those as well; a head (number and hash of the newest entry) that is kept elsewhere shows even that.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import orjson


class Entry(NamedTuple):
    """The values of an entry, by the names of its columns. `at` is in microseconds, `changes` is JSON text."""

    id: str
    workspace_id: str
    at: int
    actor: str
    actor_kind: str | None
    actor_id: str | None
    actor_name: str | None
    action: str
    subject_id: str | None
    changes: str | None
    source_address: str | None


class Link(NamedTuple):
    """What ties an entry to those around it, by the names of its columns."""

    number: int
    previous_hash: str
    hash: str


class Head(NamedTuple):
    """The number and hash of an entry that the chain had at some time as its newest one."""

    number: int
    hash: str


class Kept(NamedTuple):
    """An entry as it is found: its ID, its link (None: it has none), and the text that its hash must be of."""

    id: str
    link: Link | None
    text: str


class Harm(StrEnum):
    """What was done to a chain."""

    CHANGED = "CHANGED"
    MISSING = "MISSING"
    ADDED = "ADDED"
    CUT_OFF = "CUT_OFF"


@dataclass(frozen=True, slots=True)
class Finding:
    """The first entry with which a chain does not fit: its number (None: it has none), and what is wrong with it."""

    harm: Harm
    number: int | None
    message: str


def text_of(entry: Entry, number: int, previous_hash: str) -> str:
    """The text of an entry in this place."""
    return orjson.dumps(
        {
            "number": number,
            "previousHash": previous_hash,
            "id": entry.id,
            "workspaceId": entry.workspace_id,
            "atMicroseconds": entry.at,
            "actor": entry.actor,
            "actorKind": entry.actor_kind,
            "actorId": entry.actor_id,
            "actorName": entry.actor_name,
            "action": entry.action,
            "subjectId": entry.subject_id,
            "changes": entry.changes,
            "sourceAddress": entry.source_address,
        }
    ).decode()


def sealed(entry: Entry, number: int, previous_hash: str) -> Link:
    """The link of an entry that follows one with this hash."""
    return Link(number, previous_hash, digest(text_of(entry, number, previous_hash)))


def added(kept: Kept) -> Finding:
    """The finding that an entry is not part of the chain."""
    number = None if kept.link is None else kept.link.number
    return Finding(Harm.ADDED, number, f"The entry {kept.id} is not part of the chain: it was added beside it.")


def digest(text: str) -> str:
    """The hash of an entry's text."""
    return hashlib.sha256(text.encode()).hexdigest()


class Verification:
    """Compares entries, taken in the order of their numbers, with each other.

    Args:
        expired: the newest entry that retention deleted; number 0 if there is none.
        noted: a head that the caller kept.
    """

    def __init__(self, expired: Head, noted: Head | None = None) -> None:
        self.last = expired
        self._noted = noted
        self._expired = expired

    def take(self, kept: Kept) -> Finding | None:
        """Compare the next entry with those before; return what is wrong, after which no more may be taken."""
        if kept.link is None or kept.link.number <= self._expired.number:
            return added(kept)
        number, previous_hash, hash_ = kept.link
        if number != self.last.number + 1:
            return self._missing(number)
        if digest(kept.text) != hash_:
            return Finding(Harm.CHANGED, number, f"Entry {number} ({kept.id}) was changed.")
        if previous_hash != self.last.hash:
            return self._replaced(self.last.number)
        self.last = Head(number, hash_)
        if self._noted is not None and self._noted.number == number and self._noted.hash != hash_:
            message = f"Entry {number} ({kept.id}) is not the one that was noted: it or one before it was replaced."
            return Finding(Harm.CHANGED, number, message)
        return None

    def end(self, head: Head) -> Finding | None:
        """Compare the last entry with the head that the database keeps, and with the noted one."""
        if self.last.number < head.number:
            return self._missing(head.number + 1)
        if self.last.hash != head.hash:
            return self._replaced(head.number)
        if self._noted is not None and self._noted.number == self._expired.number and self._noted != self._expired:
            message = f"Entry {self._expired.number}, which expired, is not the one that was noted."
            return Finding(Harm.CHANGED, self._expired.number, message)
        if self._noted is not None and self._noted.number > head.number:
            message = (
                f"The chain ends with entry {head.number}, and entry {self._noted.number} was noted: those from"
                f" {head.number + 1} on were cut off."
            )
            return Finding(Harm.CUT_OFF, head.number + 1, message)
        return None

    @property
    def noted_has_expired(self) -> bool:
        """Whether nothing is left that the noted head could be compared with."""
        return self._noted is not None and self._noted.number < self._expired.number

    def _missing(self, next_number: int) -> Finding:
        first, last = self.last.number + 1, next_number - 1
        which = f"Entry {first} is" if first >= last else f"Entries {first} to {last} are"
        return Finding(Harm.MISSING, first, f"{which} missing.")

    def _replaced(self, number: int) -> Finding:
        if number == self._expired.number:
            return Finding(
                Harm.CHANGED, number + 1, f"Entry {number + 1} does not follow the last one that expired, {number}."
            )
        return Finding(Harm.CHANGED, number, f"Entry {number} was replaced: what follows carries another hash of it.")
