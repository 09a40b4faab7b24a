"""On both databases: a changed, missing or added entry of the audit log is found, and the first one is named."""

from typing import Any

import pytest

from app.access import audit
from app.access.audit_chain import Entry, Harm, Head, sealed
from app.access.verify_audit import Verdict, chain_of, verify
from tests.domain import Domain

COLUMNS = "actor", "actor_kind", "actor_name", "action", "subject_id", "changes", "source_address"


@pytest.fixture
async def six(domain: Domain) -> Domain:
    """A domain with six entries in the caller's workspace."""
    await add(domain, 5)
    return domain


async def add(domain: Domain, count: int) -> None:
    for index in range(count):
        domain.clock.advance(0.001)
        async with domain.resources.database.transaction() as statements:
            changes = {"name": [None, f"Name {index}"]}
            await audit.record(statements, domain.caller, "webhook.renamed", "wh_1", changes, domain.clock.now())


async def verified(domain: Domain, noted: Head | None = None) -> Verdict:
    return await verify(domain.resources.database, domain.caller.workspace_id, noted)


async def tamper(domain: Domain, statement: str, *parameters: Any) -> None:
    """Run a statement with the workspace's ID as its first parameter."""
    assert await domain.resources.database.execute(statement, domain.caller.workspace_id, *parameters)


async def found(domain: Domain, noted: Head | None = None) -> tuple[Harm, int | None]:
    finding = (await verified(domain, noted)).finding
    assert finding is not None
    return finding.harm, finding.number


async def test_an_untouched_log_is_as_it_was_written(six: Domain) -> None:
    verdict = await verified(six)

    assert (verdict.finding, verdict.chain.head.number, verdict.chain.expired.number) == (None, 6, 0)


@pytest.mark.parametrize("column", COLUMNS)
async def test_a_changed_value_is_found(six: Domain, column: str) -> None:
    await tamper(six, f"UPDATE audit_entry SET {column} = 'SYSTEM' WHERE workspace_id = $1 AND number = 4")

    assert await found(six) == (Harm.CHANGED, 4)


async def test_a_changed_time_is_found(six: Domain) -> None:
    await tamper(six, "UPDATE audit_entry SET at = at + 1 WHERE workspace_id = $1 AND number IN (3, 5)")

    assert await found(six) == (Harm.CHANGED, 3)


async def test_an_entry_that_was_rewritten_with_its_hash_is_found_by_the_next_one(six: Domain) -> None:
    await rewrite(six, 3)

    assert await found(six) == (Harm.CHANGED, 3)


async def test_the_last_entry_that_was_rewritten_with_its_hash_is_found(six: Domain) -> None:
    await rewrite(six, 6)

    assert await found(six) == (Harm.CHANGED, 6)


async def rewrite(domain: Domain, number: int) -> Head:
    """Change an entry, and its hash to match; return its new head."""
    columns = ", ".join((*Entry._fields, "previous_hash"))
    of_number = f"SELECT {columns} FROM audit_entry WHERE workspace_id = $1 AND number = $2"
    [row] = await domain.rows(of_number, domain.caller.workspace_id, number)
    previous_hash = row.pop("previous_hash")
    link = sealed(Entry(**row)._replace(actor="Mallory"), number, previous_hash)
    statement = "UPDATE audit_entry SET actor = 'Mallory', hash = $3 WHERE workspace_id = $1 AND number = $2"
    await tamper(domain, statement, number, link.hash)
    return Head(number, link.hash)


@pytest.mark.parametrize(("gone", "named"), [("1", 1), ("3", 3), ("2, 3, 5", 2), ("5, 6", 5), ("6", 6)])
async def test_a_missing_entry_is_found(six: Domain, gone: str, named: int) -> None:
    await tamper(six, f"DELETE FROM audit_entry WHERE workspace_id = $1 AND number IN ({gone})")

    assert await found(six) == (Harm.MISSING, named)


async def test_a_gap_that_was_closed_by_numbering_anew_is_found(six: Domain) -> None:
    await tamper(six, "DELETE FROM audit_entry WHERE workspace_id = $1 AND number = 3")
    for number in (4, 5, 6):
        await tamper(six, "UPDATE audit_entry SET number = number - 1 WHERE workspace_id = $1 AND number = $2", number)
    await tamper(six, "UPDATE audit_chain SET number = 5 WHERE workspace_id = $1")

    assert await found(six) == (Harm.CHANGED, 3)


@pytest.mark.parametrize("number", [None, 7])
async def test_an_entry_that_was_added_beside_the_chain_is_found(six: Domain, number: int | None) -> None:
    statement = (
        "INSERT INTO audit_entry (id, workspace_id, at, actor, action, number)"
        " VALUES ('aud_x', $1, 0, 'Ada', 'x.y', CAST($2 AS BIGINT))"
    )
    await tamper(six, statement, number)

    assert await found(six) == (Harm.ADDED, number)


async def test_a_log_without_its_end_does_not_pass(six: Domain) -> None:
    await tamper(six, "DELETE FROM audit_chain WHERE workspace_id = $1")

    assert (await found(six))[0] is Harm.ADDED


async def test_the_last_entries_cut_off_with_the_end_moved_are_found_by_a_noted_head(six: Domain) -> None:
    noted = (await verified(six)).chain.head
    await cut_off(six, after=4)

    assert (await verified(six)).finding is None, "nothing in the database says so"
    assert await found(six, noted) == (Harm.CUT_OFF, 5)

    await add(six, 3)
    assert await found(six, noted) == (Harm.CHANGED, 6), "others have taken their places"


async def cut_off(domain: Domain, after: int) -> None:
    """Delete the entries behind one, and move the end of the chain back to it, as somebody with much patience might."""
    await tamper(domain, "DELETE FROM audit_entry WHERE workspace_id = $1 AND number > $2", after)
    last = "SELECT hash FROM audit_entry WHERE workspace_id = $1 AND number = $2"
    await tamper(domain, f"UPDATE audit_chain SET number = $2, hash = ({last}) WHERE workspace_id = $1", after)


async def test_a_log_that_goes_on_still_fits_a_noted_head(six: Domain) -> None:
    noted = (await verified(six)).chain.head
    await add(six, 2)

    verdict = await verified(six, noted)

    assert (verdict.finding, verdict.noted_has_expired) == (None, False)


async def test_entries_of_other_workspaces_do_not_matter(six: Domain) -> None:
    statement = "UPDATE audit_entry SET actor = 'Eve' WHERE workspace_id = $1"
    await six.resources.database.execute(statement, six.stranger.workspace_id)

    assert (await verified(six)).finding is None


async def test_a_workspace_without_entries_has_an_empty_chain(domain: Domain) -> None:
    chain = await chain_of(domain.resources.database, "ws_none")

    assert (chain.head, chain.expired) == (Head(0, ""), Head(0, ""))
    assert (await verify(domain.resources.database, "ws_none")).finding is None
