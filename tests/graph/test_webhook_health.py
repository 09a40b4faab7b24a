"""The health of webhooks over the API: one statement for a page, and filters and orders that agree with it."""

from typing import Any

import pytest

from app.statuses import HealthState, Scope
from tests.app.operations.desk import Desk
from tests.domain import Domain
from tests.graph.conftest import Api
from tests.graph.counting import counted
from tests.receiver import answer
from tests.world import World

HEALTH = """
state reason failuresInARow failingSince disablesAt nextProbeAt backlog oldestWaitingAt lastSuccessAt lastFailureAt
lastFailure { id outcome }
"""


async def health_of(api: Api, webhook_id: str) -> dict[str, Any]:
    data = await api.data(f"query($id: ID!) {{ webhook(id: $id) {{ health {{ {HEALTH} }} }} }}", id=webhook_id)
    found: dict[str, Any] = data["webhook"]["health"]
    return found


async def test_a_new_webhook_is_idle_and_one_that_was_reached_is_healthy(world: World, live: Api) -> None:
    webhook = await world.webhook("/good")
    idle = await health_of(live, webhook.id)
    await world.publish()
    await world.until_status("SUCCEEDED")

    healthy = await health_of(live, webhook.id)

    assert (idle["state"], idle["backlog"], idle["lastSuccessAt"]) == ("IDLE", 0, None)
    assert (healthy["state"], healthy["failuresInARow"], healthy["lastFailure"]) == ("HEALTHY", 0, None)
    assert healthy["lastSuccessAt"] is not None


async def test_a_failing_webhook_says_since_when_why_and_what_to_do(world: World, live: Api) -> None:
    webhook = await world.webhook("/flaky", retry_delays_seconds=[3600])
    await world.publish()
    await world.until_status("SUCCEEDED")
    before = await health_of(live, webhook.id)
    world.receiver.on("/flaky", answer(503))
    await world.publish()
    await world.until_status("SUCCEEDED", "RETRYING")
    attempts = await world.attempts()

    failing = await health_of(live, webhook.id)

    assert (failing["state"], failing["failuresInARow"], failing["backlog"]) == ("FAILING", 1, 1)
    assert "Answered 503 Service Unavailable." in failing["reason"]
    assert failing["disablesAt"] > failing["failingSince"]
    assert failing["lastFailure"] == {"id": attempts[-1]["id"], "outcome": "HTTP_ERROR"}
    assert failing["lastSuccessAt"] == before["lastSuccessAt"]
    assert failing["oldestWaitingAt"] is not None


async def test_a_receiver_that_is_gone_disables_its_webhook_with_a_code(world: World, live: Api) -> None:
    world.receiver.on("/gone", answer(410))
    webhook = await world.webhook("/gone")
    await world.publish()
    await world.until_status("FAILED")

    data = await live.data(
        "query($id: ID!) { webhook(id: $id) { status statusReasonCode health { state reason } } }", id=webhook.id
    )

    assert data["webhook"]["statusReasonCode"] == "GONE"
    assert data["webhook"]["health"]["state"] == "DISABLED"
    assert data["webhook"]["health"]["reason"].startswith("The receiver answered 410 Gone.")


async def test_a_webhook_that_a_person_paused_says_so_and_how_much_waits(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    webhook_id = await desk.webhook()
    await api.change("pauseWebhook", {"id": webhook_id}, "webhook { id }")
    await desk.publish(3)

    data = await api.data(
        "query($id: ID!) { webhook(id: $id) { statusReasonCode health { state reason backlog } } }", id=webhook_id
    )
    await api.change("resumeWebhook", {"id": webhook_id}, "webhook { id }")
    resumed = await api.data("query($id: ID!) { webhook(id: $id) { statusReasonCode } }", id=webhook_id)

    assert data["webhook"]["statusReasonCode"] == "PERSON"
    assert data["webhook"]["health"]["backlog"] == 3
    assert "3 deliveries wait" in data["webhook"]["health"]["reason"]
    assert resumed["webhook"]["statusReasonCode"] is None


async def test_health_and_equal_statistics_of_a_page_take_as_many_statements_as_of_one(
    domain: Domain, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(domain)
    webhook_ids = [await desk.webhook(name=f"Webhook {number}") for number in range(5)]
    await desk.publish(3)
    document = "query($n: Int!) { webhooks(first: $n) { nodes { id health { state backlog } stats { deliveries } } } }"

    counts, data = [], await api.data(document, n=1)  # which also reads what is cached afterwards, such as the key
    for size in (1, 5):
        with counted(domain.resources.database, monkeypatch, everywhere=True) as statements:
            data = await api.data(document, n=size)
        counts.append(len(statements))

    assert counts[0] == counts[1]
    nodes = data["webhooks"]["nodes"]
    assert [node["id"] for node in nodes] == webhook_ids[::-1]
    assert {(node["health"]["backlog"], node["stats"]["deliveries"]) for node in nodes} == {(3, 3)}


@pytest.mark.parametrize(
    ("selection", "times"),
    [
        ("nodes { health { state } }", 1),
        ("edges { node { ...OfWebhook } } nodes { ... { health { reason } } }", 1),
        ("nodes { name status }", 0),
    ],
)
async def test_a_page_reads_the_health_of_its_webhooks_once_if_it_is_selected_at_all(
    domain: Domain, api: Api, monkeypatch: pytest.MonkeyPatch, selection: str, times: int
) -> None:
    for _ in range(3):
        await Desk(domain).webhook()
    fragment = "fragment OfWebhook on Webhook { health { state } }" if "OfWebhook" in selection else ""

    with counted(domain.resources.database, monkeypatch) as statements:
        await api.data(f"{{ webhooks {{ {selection} }} }} {fragment}")

    assert len([statement for statement in statements if "consecutive_failures, failing_since" in statement]) == times


async def test_each_webhook_has_statistics_of_its_own_deliveries(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    few = await desk.webhook(event_types=["ticket.created"])
    await desk.publish(2)
    many = await desk.webhook(event_types=["ticket.*"])
    await desk.publish(3)
    await desk.become("FAILED", webhook_id=many)

    data = await api.data("{ webhooks { nodes { id stats { deliveries failed } } } }")

    assert {node["id"]: node["stats"] for node in data["webhooks"]["nodes"]} == {
        few: {"deliveries": 5, "failed": 0},
        many: {"deliveries": 3, "failed": 3},
    }


async def test_health_needs_read(domain: Domain, api: Api) -> None:
    await Desk(domain).webhook()
    manager = await api.with_key(domain.caller, Scope.MANAGE)

    error = await manager.error(
        'mutation { createWebhook(input: { name: "n", url: "https://example.com", eventTypes: ["*"] })'
        " { webhook { health { state } } } }"
    )

    assert error["extensions"]["code"] == "FORBIDDEN"


async def test_webhooks_are_found_by_their_health(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    idle, waiting, paused = [
        await desk.webhook(event_types=[f"ticket.{name}"]) for name in ("updated", "*", "resolved")
    ]
    await desk.publish()
    await api.change("pauseWebhook", {"id": paused}, "webhook { id }")
    document = "query($health: [HealthState!]) { webhooks(filter: { health: $health }) { totalCount nodes { id } } }"

    found = {state: await api.data(document, health=[state]) for state in HealthState}
    nothing = await api.data(document, health=[])

    ids = {state: [node["id"] for node in data["webhooks"]["nodes"]] for state, data in found.items()}
    assert {state: list_ for state, list_ in ids.items() if list_} == {
        HealthState.IDLE: [idle],
        HealthState.HEALTHY: [waiting],
        HealthState.PAUSED: [paused],
    }
    assert nothing["webhooks"] == {"totalCount": 0, "nodes": []}


async def test_webhooks_are_found_by_their_metadata(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    one = await desk.webhook(metadata={"team": "desk", "tier": 1, "tags": ["a"]})
    await desk.webhook(metadata={"team": "desk", "tier": True})
    await desk.webhook(metadata={})
    document = "query($given: JSON) { webhooks(filter: { metadata: $given }) { totalCount nodes { id } } }"

    for given, count in (
        ({"team": "desk"}, 2),
        ({"team": "desk", "tier": 1}, 1),
        ({"tags": ["a"]}, 1),
        ({"tags": []}, 0),
        ({"team": "DESK"}, 0),
        ({"other": None}, 0),
        ({}, 3),
    ):
        data = await api.data(document, given=given)
        assert data["webhooks"]["totalCount"] == count, given
    data = await api.data(document, given={"tier": 1})
    refused = await api.error(document, given=[1])

    assert [node["id"] for node in data["webhooks"]["nodes"]] == [one]
    assert refused["extensions"]["code"] == "BAD_USER_INPUT"


ORDERED = """query($order: WebhookOrder, $after: String, $before: String, $first: Int, $last: Int) {
  webhooks(orderBy: $order, after: $after, before: $before, first: $first, last: $last) {
    edges { cursor node { name } } pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
  }
}"""
NAMES = ["b", "A", "c", "a", "C:x"]
BY_NAME = ["A", "a", "b", "c", "C:x"]


async def paged(api: Api, order: dict[str, str] | None) -> list[str]:
    """All names, two per page, forwards; checked against all pages backwards."""
    forwards: list[str] = []
    info: dict[str, Any] = {"hasNextPage": True, "endCursor": None}
    while info["hasNextPage"]:
        page = (await api.data(ORDERED, order=order, first=2, after=info["endCursor"]))["webhooks"]
        forwards += [edge["node"]["name"] for edge in page["edges"]]
        info = page["pageInfo"]
    backwards: list[str] = []
    info = {"hasPreviousPage": True, "startCursor": None}
    while info["hasPreviousPage"]:
        page = (await api.data(ORDERED, order=order, last=2, before=info["startCursor"]))["webhooks"]
        backwards = [edge["node"]["name"] for edge in page["edges"]] + backwards
        info = page["pageInfo"]
    assert forwards == backwards
    return forwards


async def test_webhooks_are_listed_in_every_order_page_by_page(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    ids = {name: await desk.webhook(name=name) for name in NAMES}
    await desk.publish()
    failures = await desk.attempt()
    for name, failure_id in zip(("c", "b"), sorted(failures), strict=False):
        await domain.resources.database.execute(
            "UPDATE webhook SET last_failure_id = $2 WHERE id = $1", ids[name], failure_id
        )

    for field, names in (("NAME", BY_NAME), ("CREATED_AT", NAMES), ("LAST_FAILURE_AT", ["A", "a", "C:x", "c", "b"])):
        up = await paged(api, {"field": field, "direction": "ASC"})
        down = await paged(api, {"field": field, "direction": "DESC"})

        if field == "NAME":
            assert [name.lower() for name in up] == [name.lower() for name in names]
        else:
            assert up == names
        assert down == up[::-1]
    assert await paged(api, None) == NAMES[::-1]


async def test_a_cursor_is_refused_in_another_order_than_its_own(domain: Domain, api: Api) -> None:
    desk = Desk(domain)
    for name in NAMES:
        await desk.webhook(name=name)
    orders: list[dict[str, str] | None] = [
        None,
        {"field": "CREATED_AT", "direction": "ASC"},
        *({"field": field, "direction": way} for field in ("NAME", "LAST_FAILURE_AT") for way in ("ASC", "DESC")),
    ]

    for made_in in orders:
        cursor = (await api.data(ORDERED, order=made_in, first=2))["webhooks"]["pageInfo"]["endCursor"]
        for used_in in orders:
            answer_ = await api.ask(ORDERED, order=used_in, first=2, after=cursor)
            if used_in == made_in:
                assert "errors" not in answer_
            else:
                assert answer_["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
