"""On both databases: the log of who changed what."""

import asyncio

import pytest

from app.access import audit
from app.access.caller import Caller
from app.access.verify_audit import verify
from app.clock import to_micros
from app.database.database import Statements
from app.ids import AUDIT_ENTRY, is_id
from tests.domain import Domain
from tests.patience import PATIENCE_SECONDS

on_postgres_only = pytest.mark.parametrize("databases", ["postgres"], indirect=True)


async def test_an_entry_says_who_what_when_and_from_where(domain: Domain) -> None:
    at = domain.clock.now()

    async with domain.resources.database.transaction() as statements:
        await audit.record(statements, domain.caller, "webhook.renamed", "wh_1", {"name": ["old", "new — ü"]}, at)

    [entry] = await domain.audit_log("webhook.renamed")
    assert is_id(AUDIT_ENTRY, entry.pop("id"))
    link = [entry.pop(name) for name in ("number", "previous_hash", "hash")]
    assert link == [2, (await domain.audit_log())[0]["hash"], link[2]]
    assert entry == {
        "workspace_id": domain.caller.workspace_id,
        "at": to_micros(at),
        "actor": "Ada",
        "actor_kind": "PERSON",
        "actor_id": None,
        "actor_name": "Ada",
        "action": "webhook.renamed",
        "subject_id": "wh_1",
        "changes": {"name": ["old", "new — ü"]},
        "source_address": "203.0.113.7",
    }


async def test_an_entry_is_gone_with_the_change_that_did_not_happen(domain: Domain) -> None:
    async def change_and_fail() -> None:
        async with domain.resources.database.transaction() as statements:
            await audit.record(statements, domain.caller, "webhook.renamed", None, None, domain.clock.now())
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change_and_fail()

    assert await domain.audit_log("webhook.renamed") == []


async def record(domain: Domain, statements: Statements, caller: Caller | None = None) -> None:
    await audit.record(statements, caller or domain.caller, "webhook.renamed", "wh_1", None, domain.clock.now())


async def test_each_entry_carries_the_hash_of_the_one_before_in_its_workspace(domain: Domain) -> None:
    async with domain.resources.database.transaction() as statements:
        for caller in (domain.caller, domain.stranger, domain.caller):
            await record(domain, statements, caller)

    entries = await domain.audit_log()
    assert [entry["number"] for entry in entries] == [1, 2, 3]
    assert [entry["previous_hash"] for entry in entries] == ["", *(entry["hash"] for entry in entries[:-1])]
    assert (await verify(domain.resources.database, domain.stranger.workspace_id)).chain.head.number == 2


async def test_a_transaction_in_one_go_is_part_of_the_chain(domain: Domain) -> None:
    await domain.resources.database.in_transaction(lambda statements: record(domain, statements))

    assert [entry["number"] for entry in await domain.audit_log()] == [1, 2]


async def test_changes_at_the_same_time_form_one_chain(domain: Domain) -> None:
    async def change() -> None:
        async with domain.resources.database.transaction() as statements:
            await record(domain, statements)

    await asyncio.gather(*(change() for _ in range(20)))

    verdict = await verify(domain.resources.database, domain.caller.workspace_id)
    assert (verdict.chain.head.number, verdict.finding) == (21, None)


@on_postgres_only  # SQLite has one writer at a time
async def test_a_change_does_not_wait_for_another_that_has_yet_to_commit(domain: Domain) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS), domain.resources.database.transaction() as slow:
        await record(domain, slow)
        async with domain.resources.database.transaction() as quick:
            await record(domain, quick)

    verdict = await verify(domain.resources.database, domain.caller.workspace_id)
    assert (verdict.chain.head.number, verdict.finding) == (3, None)


@on_postgres_only
async def test_changes_of_two_workspaces_and_the_rows_that_they_lock_cannot_deadlock(domain: Domain) -> None:
    lock = "UPDATE workspace SET name = name WHERE id = $1"
    ours, theirs = domain.caller, domain.stranger
    held = asyncio.Barrier(2)

    async def change(first: Caller, second: Caller) -> None:
        async with domain.resources.database.transaction() as statements:
            await record(domain, statements, first)
            await record(domain, statements, second)
            await held.wait()
            await statements.execute(lock, ours.workspace_id)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(change(ours, theirs), change(theirs, ours))

    for caller in (ours, theirs):
        verdict = await verify(domain.resources.database, caller.workspace_id)
        assert (verdict.chain.head.number, verdict.finding) == (3, None)


async def test_an_entry_belongs_in_a_transaction(domain: Domain) -> None:
    with pytest.raises(RuntimeError, match="belongs in a transaction"):
        await record(domain, domain.resources.database)
