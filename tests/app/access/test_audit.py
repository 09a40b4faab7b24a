"""On both databases: the log of who changed what."""

import pytest

from app.access import audit
from app.clock import to_micros
from app.ids import AUDIT_ENTRY, is_id
from tests.domain import Domain


async def test_an_entry_says_who_what_when_and_from_where(domain: Domain) -> None:
    at = domain.clock.now()

    async with domain.resources.database.transaction() as statements:
        await audit.record(statements, domain.caller, "webhook.renamed", "wh_1", {"name": ["old", "new — ü"]}, at)

    [entry] = await domain.audit_log("webhook.renamed")
    assert is_id(AUDIT_ENTRY, entry.pop("id"))
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
