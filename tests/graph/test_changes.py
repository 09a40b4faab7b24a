"""Webhooks and operations followed with cursors: the changes, in order, and from where a follower left off."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.ids import EVENT, WEBHOOK, new_id
from tests.clock import START
from tests.graph.conftest import Api
from tests.graph.serving import Socket, served, socket
from tests.graph.test_operations import BEGUN

WEBHOOKS = """
subscription($id: ID, $after: String) {
  webhookChanges(webhookId: $id, after: $after) { updates { cursor at kind webhookId webhook { name } } cursor gap }
}
"""
OPERATIONS = """
subscription($after: String) { operationChanges(after: $after) { operations { id status } cursor gap } }
"""
DRAFT = {"name": "Desk", "url": "http://127.0.0.1:2/", "eventTypes": ["*"]}


@pytest.fixture
async def address(api: Api) -> AsyncIterator[str]:
    async with served(api.resources) as address:
        yield address


async def began(opened: Socket, api: Api, document: str, **variables: Any) -> dict[str, Any]:
    """The first message of a subscription."""
    await opened.introduce(api.key)
    await opened.subscribe(document, variables)
    [message] = (await opened.next()).values()
    found: dict[str, Any] = message
    return found


async def kinds(opened: Socket, count: int) -> list[tuple[str, Any]]:
    """This many changes of webhooks, with the webhook in each message."""
    updates: list[dict[str, Any]] = []
    while len(updates) < count:
        updates += (await opened.next())["webhookChanges"]["updates"]
    return [(update["kind"], update["webhookId"]) for update in updates]


async def test_a_webhook_is_seen_from_its_making_to_its_end(api: Api, address: str) -> None:
    async with socket(address) as opened:
        first = await began(opened, api, WEBHOOKS)
        id_ = (await api.change("createWebhook", DRAFT, "webhook { id }"))["webhook"]["id"]
        await api.change("updateWebhook", {"id": id_, "name": "Desk EU"}, "userErrors { code }")
        await api.change("deleteWebhook", {"id": id_}, "userErrors { code }")
        seen = await kinds(opened, 3)
    async with socket(address) as opened:
        again = await began(opened, api, WEBHOOKS, after=first["cursor"])

    assert (first["updates"], first["gap"]) == ([], False)
    assert seen == [("CREATED", id_), ("UPDATED", id_), ("DELETED", id_)]
    assert [update["kind"] for update in again["updates"]] == ["CREATED", "UPDATED", "DELETED"]
    assert {update["webhook"] for update in again["updates"]} == {None}
    assert again["gap"] is False


async def test_only_the_webhook_that_is_followed_is_seen(api: Api, address: str) -> None:
    ids = [(await api.change("createWebhook", DRAFT, "webhook { id }"))["webhook"]["id"] for _ in range(2)]
    async with socket(address) as opened:
        await began(opened, api, WEBHOOKS, id=ids[1])
        for id_ in ids:
            await api.change("pauseWebhook", {"id": id_}, "userErrors { code }")
        seen = await kinds(opened, 1)

    assert seen == [("UPDATED", ids[1])]


async def test_operations_are_followed_from_a_cursor(api: Api, stranger: Api, address: str) -> None:
    async with socket(address) as opened:
        first = await began(opened, api, OPERATIONS)
    await stranger.change("cancelDeliveries", {"filter": {}}, BEGUN)
    id_ = (await api.change("cancelDeliveries", {"filter": {}}, BEGUN))["operation"]["id"]
    await api.change("cancelOperation", {"id": id_}, "userErrors { code }")
    async with socket(address) as opened:
        missed = await began(opened, api, OPERATIONS, after=first["cursor"])
    async with socket(address) as opened:
        lost = await began(opened, api, OPERATIONS, after="1-1")

    assert missed["operations"] == [{"id": id_, "status": "CANCELED"}]
    assert (missed["gap"], lost["gap"]) == (False, True)


@pytest.mark.parametrize(
    ("document", "variables"),
    [
        (WEBHOOKS, {"id": new_id(WEBHOOK, START)}),
        (WEBHOOKS, {"id": "nothing"}),
        ("subscription($f: DeliveryFilter) { deliveryUpdates(filter: $f) { gap } }", {"f": {"webhookId": "wh_1"}}),
        (
            "subscription($f: DeliveryFilter) { deliveryUpdates(filter: $f) { gap } }",
            {"f": {"eventId": new_id(EVENT, START)}},
        ),
        (WEBHOOKS, {"after": "nothing"}),
        (OPERATIONS, {"after": "nothing"}),
    ],
)
async def test_an_unknown_id_or_cursor_is_an_error(
    api: Api, address: str, document: str, variables: dict[str, Any]
) -> None:
    async with socket(address) as opened:
        await opened.introduce(api.key)
        await opened.subscribe(document, variables)
        error = await opened.receive()

    assert error["payload"][0]["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_a_deleted_webhooks_deliveries_can_still_be_followed(api: Api, address: str) -> None:
    id_ = (await api.change("createWebhook", DRAFT, "webhook { id }"))["webhook"]["id"]
    await api.change("deleteWebhook", {"id": id_}, "userErrors { code }")
    document = "subscription($f: DeliveryFilter) { deliveryUpdates(filter: $f) { gap updates { status } } }"

    async with socket(address) as opened:
        first = await began(opened, api, document, f={"webhookId": id_})

    assert first == {"gap": False, "updates": []}
