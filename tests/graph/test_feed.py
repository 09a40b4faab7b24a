"""`Webhook.feed`: for callers with READ, and, with nothing else of the webhook, for those with FEED."""

import pytest

from app.publishing.draft import EventDraft
from app.statuses import Scope
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.graph.counting import counted
from tests.world import TICKET

DRAFT = {"name": "Desk", "url": "https://example.com/hook", "eventTypes": ["ticket.*"]}
FEED = """query($id: ID!, $after: Int!, $first: Int) { webhook(id: $id) { id feed(after: $after, first: $first) {
  items { sequence status event { id type data body } } next end expiredBefore } } }"""


async def webhook(api: Api) -> str:
    created = await api.change("createWebhook", DRAFT, "webhook { id }")
    webhook_id: str = created["webhook"]["id"]
    return webhook_id


async def publish(domain: Domain, count: int) -> list[str]:
    drafts = [EventDraft("ticket.created", TICKET | {"number": number}) for number in range(count)]
    published = await domain.resources.publisher.publish(domain.caller, drafts, batch=True)
    return [event.row.id for event in published.events]


async def test_a_receiver_reads_what_it_was_meant_to_get_by_its_places(api: Api, domain: Domain) -> None:
    webhook_id = await webhook(api)
    ids = await publish(domain, 3)
    receiver = await api.with_key(domain.caller, Scope.FEED)

    feed = (await receiver.data(FEED, id=webhook_id, after=1))["webhook"]["feed"]

    assert [(item["sequence"], item["status"], item["event"]["id"]) for item in feed["items"]] == [
        (2, "PENDING", ids[1]),
        (3, "PENDING", ids[2]),
    ]
    assert feed["items"][0]["event"]["data"] == TICKET | {"number": 1}
    assert (feed["next"], feed["end"], feed["expiredBefore"]) == (3, 3, 1)


@pytest.mark.parametrize(
    "document",
    [
        "query($id: ID!) { webhook(id: $id) { name } }",
        "query($id: ID!) { webhook(id: $id) { feed(after: 0) { end } ... on Webhook { url } } }",
        "query($id: ID!) { webhook(id: $id) { ...Rest } } fragment Rest on Webhook { id secrets { id } }",
        "query($id: ID!) { webhook(id: $id) { id: status } }",
        "query($id: ID!) { webhook(id: $id) { id } again: webhook(id: $id) { deliveries { nodes { id } } } }",
        "query($id: ID!) { node(id: $id) { id } }",
        "query($id: ID!) { webhook(id: $id) { feed(after: 0) { items { event { deliveries { nodes { id } } } } } } }",
        "{ webhooks { nodes { feed(after: 0) { end } } } }",
    ],
)
async def test_a_receiver_reads_nothing_else(api: Api, domain: Domain, document: str) -> None:
    webhook_id = await webhook(api)
    await publish(domain, 1)
    receiver = await api.with_key(domain.caller, Scope.FEED)

    variables = {"id": webhook_id} if "$id" in document else {}
    answer = await receiver.ask(document, **variables)

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


async def test_whoever_neither_reads_nor_feeds_is_refused(api: Api, domain: Domain) -> None:
    webhook_id = await webhook(api)
    manager = await api.with_key(domain.caller, Scope.MANAGE, Scope.PUBLISH)

    assert (await manager.error(FEED, id=webhook_id, after=0))["extensions"]["code"] == "FORBIDDEN"


async def test_another_workspaces_webhook_is_one_that_never_existed(api: Api, domain: Domain, stranger: Api) -> None:
    webhook_id = await webhook(api)
    receiver = await api.with_key(domain.stranger, Scope.FEED)

    for eve in (stranger, receiver):
        assert (await eve.data(FEED, id=webhook_id, after=0))["webhook"] is None


@pytest.mark.parametrize("given", [{"after": -1}, {"after": 0, "first": 101}, {"after": 0, "first": -1}])
async def test_an_argument_out_of_its_range_is_refused(api: Api, given: dict[str, int]) -> None:
    error = await api.error(FEED, id=await webhook(api), **given)

    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_null_is_a_page_as_large_as_may_be(api: Api, domain: Domain) -> None:
    webhook_id = await webhook(api)
    await publish(domain, 101)

    feed = (await api.data(FEED, id=webhook_id, after=0, first=None))["webhook"]["feed"]

    assert (len(feed["items"]), feed["next"], feed["end"]) == (100, 100, 101)


async def test_feeds_of_a_page_of_webhooks_are_read_in_one_statement(
    api: Api, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        await api.change("createWebhook", DRAFT | {"name": f"Desk {number}"}, "webhook { id }")
    await publish(domain, 3)
    document = "{ webhooks { nodes { feed(after: 1, first: 10) { items { sequence event { id } } } } } }"
    await api.data("{ viewer { scopes } }")

    with counted(domain.resources.database, monkeypatch) as statements:
        nodes = (await api.data(document))["webhooks"]["nodes"]

    assert [[item["sequence"] for item in node["feed"]["items"]] for node in nodes] == [[2, 3]] * 5
    assert 1 < len(statements) <= 3, statements  # webhooks (IDs, rows), their feeds


async def test_a_feed_costs_as_much_as_it_may_return(api: Api) -> None:
    webhook_id = await webhook(api)

    few, many = [
        (await api.ask(FEED, id=webhook_id, after=0, first=first))["extensions"]["cost"]["requested"]
        for first in (10, 100)
    ]

    assert many - few == 90 * 8  # items with their two fields, the event and its four
