"""A saved webhook is tried on a real receiver; nothing of the try stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.errors import Forbidden, Rejected, UserErrorCode
from app.ids import EVENT, new_id
from app.signing import verify
from app.statuses import HttpMethod, Scope
from app.test_requests.try_connection import ConnectionTried
from app.test_requests.try_webhook import UnsavedChanges, try_webhook
from app.webhooks.drafts import AuthenticationDraft
from app.webhooks.fields import WebhookChanges
from app.webhooks.secrets import reveal_secret
from tests.receiver import answer, in_turn
from tests.world import World

TABLES = ("webhook", "secret", "event", "delivery", "attempt", "audit_entry")


async def tried(world: World, webhook_id: str, **asked: Any) -> ConnectionTried:
    return await try_webhook(world.resources, world.resources.sender, world.caller, webhook_id, **asked)


async def problems_of(world: World, webhook_id: str, **asked: Any) -> list[tuple[UserErrorCode, tuple[str, ...]]]:
    with pytest.raises(Rejected) as rejected:
        await tried(world, webhook_id, **asked)
    return [(problem.code, problem.path) for problem in rejected.value.problems]


async def test_the_stored_credentials_are_sent_and_shown_nowhere(world: World) -> None:
    world.receiver.on("/hook", answer(401, [("x-seen", "Bearer hunter22")], b"You sent hunter22."))
    webhook = await world.webhook("/hook", authentication=AuthenticationDraft(bearer="hunter22"))

    tried_ = await tried(world, webhook.id)

    [received] = world.receiver.requests
    assert received.header("authorization") == "Bearer hunter22"
    assert received.header("webhook-signature")
    assert not tried_.ok
    assert "hunter22" not in repr(tried_)


async def test_nothing_is_saved_and_the_health_of_a_failing_receiver_stays(world: World) -> None:
    world.receiver.on("/hook", answer(410))
    webhook = await world.webhook("/hook")
    before = {table: await world.rows(table) for table in TABLES}
    changes = WebhookChanges(name="Renamed", method=HttpMethod.PUT)

    tried_ = await tried(world, webhook.id, unsaved=UnsavedChanges(webhook.id, changes, webhook.updated_at))

    assert tried_.request.method is HttpMethod.PUT
    assert {table: await world.rows(table) for table in TABLES} == before


async def test_a_disabled_webhook_is_tried_with_its_current_secret_and_stays_as_it_is(world: World) -> None:
    world.receiver.on("/hook", in_turn(answer(410), answer(200)))
    webhook = await world.webhook("/hook")
    await world.publish()
    await world.until_status("FAILED")
    before = {table: await world.rows(table) for table in TABLES}

    tried_ = await tried(world, webhook.id)

    assert tried_.ok
    assert {table: await world.rows(table) for table in TABLES} == before
    secret = await reveal_secret(world.resources, world.caller, webhook.id)
    request = world.receiver.requests[-1]
    verify(secret, dict(request.headers), request.body, world.resources.clock.now())  # raises if it does not
    assert [row["status"] for row in before["webhook"]] == ["DISABLED"]


async def test_a_past_event_is_sent_as_it_was_published_and_otherwise_the_example_of_a_type(world: World) -> None:
    webhook = await world.webhook("/hook", event_types=["agent.*"])
    event = await world.publish()

    published = await tried(world, webhook.id, event_id=event.row.id)
    chosen = await tried(world, webhook.id, event_type="ticket.resolved")
    first = await tried(world, webhook.id)

    assert published.request.body == event.row.body
    assert '"type":"ticket.resolved"' in chosen.request.body
    assert '"type":"agent.' in first.request.body
    assert '"test":true' in first.request.body


async def test_all_that_is_wrong_with_the_changes_is_said_at_once_below_changes(world: World) -> None:
    webhook, other = await world.webhook(), await world.webhook()
    wrong = WebhookChanges(name="", url="gopher://a")

    assert await problems_of(world, webhook.id, unsaved=UnsavedChanges(webhook.id, wrong), event_type="no.such") == [
        (UserErrorCode.REQUIRED, ("changes", "name")),
        (UserErrorCode.INVALID, ("changes", "url")),
        (UserErrorCode.INVALID, ("eventType",)),
    ]
    assert await problems_of(world, webhook.id, unsaved=UnsavedChanges(other.id, WebhookChanges())) == [
        (UserErrorCode.INVALID, ("changes", "id"))
    ]
    outdated = UnsavedChanges(webhook.id, WebhookChanges(), webhook.updated_at - timedelta(seconds=1))
    assert await problems_of(world, webhook.id, unsaved=outdated) == [
        (UserErrorCode.CONFLICT, ("changes", "ifUpdatedAt"))
    ]


async def test_what_is_not_in_the_workspace_is_not_found(world: World) -> None:
    webhook, event = await world.webhook(), await world.publish()
    neighbour = await world.neighbour()
    theirs = await neighbour.webhook()
    unknown = new_id(EVENT, world.resources.clock.now())

    assert await problems_of(world, theirs.id) == [(UserErrorCode.NOT_FOUND, ("id",))]
    for event_id in (unknown, "\0", ""):
        assert await problems_of(world, webhook.id, event_id=event_id) == [(UserErrorCode.NOT_FOUND, ("eventId",))]
    assert await problems_of(neighbour, theirs.id, event_id=event.row.id) == [(UserErrorCode.NOT_FOUND, ("eventId",))]
    assert await problems_of(world, webhook.id, event_id=event.row.id, event_type="ticket.created") == [
        (UserErrorCode.INVALID, ("eventType",))
    ]


async def test_trying_takes_manage_and_for_a_past_event_read(world: World) -> None:
    webhook, event = await world.webhook(), await world.publish()
    resources = world.resources
    reader = replace(world.caller, scopes=frozenset(Scope) - {Scope.MANAGE})
    manager = replace(world.caller, scopes=frozenset({Scope.MANAGE}))

    with pytest.raises(Forbidden):
        await try_webhook(resources, resources.sender, reader, webhook.id)
    with pytest.raises(Forbidden):
        await try_webhook(resources, resources.sender, manager, webhook.id, event_id=event.row.id)
    assert (await try_webhook(resources, resources.sender, manager, webhook.id)).ok
