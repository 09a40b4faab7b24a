"""Workspaces are created and deleted over the API, on both databases."""

import asyncio
from dataclasses import replace

import pytest

from app.access.caller import Caller
from app.access.keys import KeyDraft, create_key
from app.access.workspaces import add_workspace, delete_workspace
from app.errors import Forbidden, Rejected, Unauthenticated, UserErrorCode
from app.publishing.draft import EventDraft
from app.statuses import Scope
from app.webhooks.fields import WebhookDraft
from app.webhooks.lifecycle import create_webhook
from tests.domain import Domain
from tests.world import TICKET


async def delete(domain: Domain, caller: Caller, workspace_id: str) -> str:
    return await delete_workspace(domain.resources, domain.resources.authenticator, caller, workspace_id)


async def test_an_external_id_gives_the_first_workspace_back_as_it_is(domain: Domain) -> None:
    first = await add_workspace(domain.resources, domain.caller, "Acme", "customer-1")
    again = await add_workspace(domain.resources, domain.caller, "Renamed", "customer-1")
    other = await add_workspace(domain.resources, domain.caller, "Acme", None)

    assert (first.created, again.created, other.created) == (True, False, True)
    assert (again.workspace.id, again.workspace.name) == (first.workspace.id, "Acme")
    assert other.workspace.id != first.workspace.id


async def test_of_many_that_make_it_at_once_one_does(domain: Domain) -> None:
    added = await asyncio.gather(
        *(add_workspace(domain.resources, domain.caller, "Acme", "customer-1") for _ in range(8))
    )

    assert len({one.workspace.id for one in added}) == 1
    assert [one.created for one in added].count(True) == 1


async def test_making_and_deleting_is_in_the_audit_log_of_who_did_it(domain: Domain) -> None:
    made = (await add_workspace(domain.resources, domain.caller, "Acme", "customer-1")).workspace
    await delete(domain, domain.caller, made.id)

    created, deleted = (await domain.audit_log())[-2:]
    assert (created["action"], created["subject_id"]) == ("workspace.created", made.id)
    assert created["changes"] == {"name": [None, "Acme"], "externalId": [None, "customer-1"]}
    assert (deleted["action"], deleted["subject_id"]) == ("workspace.deleted", made.id)
    assert deleted["changes"] == {"name": ["Acme", None]}
    assert deleted["actor_name"] == "Ada"


async def test_administrators_cannot_unless_they_have_installation(domain: Domain) -> None:
    admin = replace(domain.caller, scopes=frozenset(Scope) - {Scope.INSTALLATION})

    with pytest.raises(Forbidden, match="needs the scope INSTALLATION"):
        await add_workspace(domain.resources, admin, "Acme", None)
    with pytest.raises(Forbidden, match="needs the scope INSTALLATION"):
        await delete(domain, admin, domain.stranger.workspace_id)


async def test_a_deleted_workspace_takes_its_keys_with_it_and_frees_its_external_id(domain: Domain) -> None:
    made = (await add_workspace(domain.resources, domain.caller, "Acme", "customer-1")).workspace
    inside = replace(domain.caller, workspace_id=made.id)
    key = (await create_key(domain.resources, inside, KeyDraft("ci", [Scope.READ]))).key
    await domain.resources.authenticator.authenticate(key, None)

    assert await delete(domain, domain.caller, made.id) == made.id

    with pytest.raises(Unauthenticated):
        await domain.resources.authenticator.authenticate(key, None)
    again = await add_workspace(domain.resources, domain.caller, "Acme", "customer-1")
    assert again.created
    assert again.workspace.id != made.id


async def test_nothing_of_a_deleted_workspace_is_sent_or_queued_any_more(domain: Domain) -> None:
    draft = WebhookDraft(name="Desk", url="http://127.0.0.1:9999/", event_types=["*"])
    webhook = (await create_webhook(domain.resources, domain.stranger, draft)).webhook
    event = EventDraft("ticket.created", TICKET)
    before = await domain.resources.publisher.publish(domain.stranger, [event], batch=False)

    await delete(domain, domain.caller, domain.stranger.workspace_id)

    after = await domain.resources.publisher.publish(domain.stranger, [event], batch=False)
    [row] = await domain.rows("SELECT deleted_at FROM webhook WHERE id = $1", webhook.id)
    assert [before.events[0].delivery_count, after.events[0].delivery_count] == [1, 0]
    assert row["deleted_at"] is not None


async def test_the_workspace_of_the_key_in_use_stays(domain: Domain) -> None:
    with pytest.raises(Rejected) as refused:
        await delete(domain, domain.caller, domain.caller.workspace_id)

    assert [problem.code for problem in refused.value.problems] == [UserErrorCode.CONFLICT]


async def test_a_workspace_is_deleted_once(domain: Domain) -> None:
    await delete(domain, domain.caller, domain.stranger.workspace_id)

    for workspace_id in (domain.stranger.workspace_id, "ws_nobody", ""):
        with pytest.raises(Rejected) as refused:
            await delete(domain, domain.caller, workspace_id)
        assert [problem.code for problem in refused.value.problems] == [UserErrorCode.NOT_FOUND]
