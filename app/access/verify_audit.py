"""Verifies the chain of a workspace's audit log as the database has it now."""

from dataclasses import dataclass

from app.access.audit_chain import Entry, Finding, Head, Kept, Link, Verification, added, text_of
from app.database.database import Database, Row

_BATCH = 1_000
_CHAIN = "SELECT number, hash, expired, expired_hash FROM audit_chain WHERE workspace_id = $1"
_COLUMNS = ", ".join((*Entry._fields, *Link._fields))
_NUMBERED = (
    f"SELECT {_COLUMNS} FROM audit_entry WHERE workspace_id = $1 AND number > $2 AND number <= $3"
    f" ORDER BY number LIMIT {_BATCH}"
)
_BESIDE = (
    f"SELECT {_COLUMNS} FROM audit_entry WHERE workspace_id = $1 AND (number IS NULL OR number <= $2"
    " OR number > coalesce((SELECT c.number FROM audit_chain c WHERE c.workspace_id = $1), 0)) ORDER BY id LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Chain:
    """The ends of a chain: its newest entry, and the newest one that retention deleted. Number 0: there is none."""

    head: Head
    expired: Head


@dataclass(frozen=True, slots=True)
class Verdict:
    """The chain that was verified, the first entry with which it does not fit, and whether the noted head is older than
    all that is left.
    """

    chain: Chain
    finding: Finding | None
    noted_has_expired: bool


async def chain_of(database: Database, workspace_id: str) -> Chain:
    """The ends of a workspace's chain."""
    row = await database.fetch_one(_CHAIN, workspace_id)
    if row is None:
        return Chain(Head(0, ""), Head(0, ""))
    return Chain(Head(row["number"], row["hash"]), Head(row["expired"], row["expired_hash"]))


async def verify(database: Database, workspace_id: str, noted: Head | None = None) -> Verdict:
    """Read the chain up to the entry that is now the newest, and compare its entries with each other.

    Args:
        noted: an earlier head that was kept elsewhere.
    """
    while True:
        chain = await chain_of(database, workspace_id)
        verification = Verification(chain.expired, noted)
        finding = await _first_finding(database, workspace_id, chain, verification)
        # Retention may have deleted entries meanwhile, which then look as if they were taken away.
        if finding is None or (await chain_of(database, workspace_id)).expired == chain.expired:
            return Verdict(chain, finding, verification.noted_has_expired)


async def _first_finding(
    database: Database, workspace_id: str, chain: Chain, verification: Verification
) -> Finding | None:
    while rows := await database.fetch(_NUMBERED, workspace_id, verification.last.number, chain.head.number):
        for row in rows:
            if (finding := verification.take(kept(row))) is not None:
                return finding
    for row in await database.fetch(_BESIDE, workspace_id, chain.expired.number):
        return added(kept(row))
    return verification.end(chain.head)


def kept(row: Row) -> Kept:
    """A row of the audit log with all of its columns."""
    entry = Entry._make([row[name] for name in Entry._fields])
    if row["number"] is None:
        return Kept(entry.id, None, "")
    link = Link(row["number"], row["previous_hash"], row["hash"])
    return Kept(entry.id, link, text_of(entry, link.number, link.previous_hash))
