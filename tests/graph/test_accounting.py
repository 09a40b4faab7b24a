"""`Webhook.accounting` adds up, and `retryDelivery` tries a delivery of a DISABLED webhook once."""

import pytest

from app.statuses import Scope
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.graph.counting import counted
from tests.receiver import answer, in_turn
from tests.world import World

FIELDS = "matched pending succeeded failed canceled missedWhileDisabled"
ACCOUNTING = f"query($id: ID!) {{ webhook(id: $id) {{ accounting {{ {FIELDS} }} }} }}"


async def test_what_became_of_every_event_is_counted_and_a_try_of_a_disabled_webhook_is_seen(
    world: World, live: Api
) -> None:
    world.receiver.on("/", in_turn(answer(), answer(410), answer(500), answer()))
    webhook = await world.webhook()
    await world.publish()
    await world.until_status("SUCCEEDED")
    await world.publish()
    _, failed = await world.until_status("SUCCEEDED", "FAILED")
    await world.publish()

    before = (await live.data(ACCOUNTING, id=webhook.id))["webhook"]["accounting"]
    tries = [
        (await live.change("retryDelivery", {"id": failed["id"]}, "delivery { status lastResponseStatus }"))["delivery"]
        for _ in range(2)
    ]
    after = (await live.data(ACCOUNTING, id=webhook.id))["webhook"]["accounting"]

    assert before == {
        "matched": 3,
        "pending": 0,
        "succeeded": 1,
        "failed": 1,
        "canceled": 0,
        "missedWhileDisabled": 1,
    }
    assert [tuple(one.values()) for one in tries] == [("FAILED", 500), ("SUCCEEDED", 200)]
    assert after == before | {"succeeded": 2, "failed": 0}


async def test_accounts_of_a_page_of_webhooks_take_one_statement(
    world: World, live: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await world.webhook(f"/{number}")
    await world.publish()
    await live.data("{ viewer { scopes } }")

    with counted(world.resources.database, monkeypatch) as statements:
        data = await live.data("{ webhooks { nodes { accounting { matched } } } }")

    assert [node["accounting"]["matched"] for node in data["webhooks"]["nodes"]] == [1] * 4
    assert 1 < len(statements) <= 3, statements


async def test_a_range_that_ends_before_it_begins_is_refused(api: Api, domain: Domain) -> None:
    created = await api.change(
        "createWebhook", {"name": "D", "url": "https://example.com/", "eventTypes": ["*"]}, "webhook { id }"
    )
    document = """query($id: ID!) {
      webhook(id: $id) { accounting(since: "2026-11-24T00:00:00Z", until: "2026-11-23T00:00:00Z") { matched } }
    }"""

    assert (await api.error(document, id=created["webhook"]["id"]))["extensions"]["code"] == "BAD_USER_INPUT"


async def test_it_needs_read(api: Api, domain: Domain) -> None:
    created = await api.change(
        "createWebhook", {"name": "D", "url": "https://example.com/", "eventTypes": ["*"]}, "webhook { id }"
    )
    receiver = await api.with_key(domain.caller, Scope.FEED)

    assert (await receiver.error(ACCOUNTING, id=created["webhook"]["id"]))["extensions"]["code"] == "FORBIDDEN"
